package main

import (
	"fmt"
	"os"
	"strings"
)

// readSecret reads a secret from a file; what names it in the error. It is called
// each time that the secret is needed, so that the file may be replaced.
func readSecret(what, file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	return strings.TrimSpace(string(data)), nil
}
