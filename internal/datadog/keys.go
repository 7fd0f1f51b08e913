package datadog

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// KeyFile returns a function for [Config] that reads a key from a file, anew
// each time, so that a mounted secret may be replaced while the program runs.
func KeyFile(path string) func() (string, error) {
	return func() (string, error) {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		return strings.TrimSpace(string(content)), nil
	}
}

// keys are what a call is signed with. They are never formatted.
type keys struct{ api, app string }

func (c *Config) readKeys() (keys, error) {
	api, err := readKey(c.APIKey)
	if err != nil {
		return keys{}, fmt.Errorf("read API key: %w", err)
	}
	app, err := readKey(c.AppKey)
	if err != nil {
		return keys{}, fmt.Errorf("read application key: %w", err)
	}
	return keys{api, app}, nil
}

func readKey(read func() (string, error)) (string, error) {
	key, err := read()
	switch {
	case err != nil:
		return "", err
	case key == "":
		return "", errors.New("it is empty")
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", errors.New("it holds a character that no key has")
	default:
		return key, nil
	}
}

// scrub takes the keys out of a text that came from outside.
func (k keys) scrub(text string) string {
	for _, key := range []string{k.api, k.app} {
		if key != "" {
			text = strings.ReplaceAll(text, key, "[key]")
		}
	}
	return text
}
