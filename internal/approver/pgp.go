package approver

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// keys are those that may sign.
type keys struct {
	signers []signer
	pgp     openpgp.EntityList
}

// keyFiles reads keys from files, and parses them again only when the files have
// changed.
type keyFiles struct {
	signers string   // path of an allowed_signers file, or empty
	pgp     []string // paths

	contents [][]byte // as of the last time
	keys     *keys
}

func newKeyFiles(signers string, pgp []string) *keyFiles {
	return &keyFiles{signers: signers, pgp: pgp}
}

// String names the files.
func (f *keyFiles) String() string { return strings.Join(f.names(), ", ") }

func (f *keyFiles) names() []string {
	if f.signers == "" {
		return f.pgp
	}
	return append([]string{f.signers}, f.pgp...)
}

// read returns the keys that the files hold now. A file that cannot be read or
// understood makes all keys unknown: it may have been about to take one out.
func (f *keyFiles) read() (*keys, error) {
	names := f.names()
	contents := make([][]byte, len(names))
	same := f.keys != nil
	for i, name := range names {
		var err error
		if contents[i], err = os.ReadFile(name); err != nil {
			return nil, fmt.Errorf("read allowed keys: %w", err)
		}
		same = same && bytes.Equal(contents[i], f.contents[i])
	}
	if same {
		return f.keys, nil
	}
	parsed := &keys{}
	for i, name := range names {
		if err := parsed.add(name, contents[i], name == f.signers && i == 0); err != nil {
			return nil, err
		}
	}
	switch {
	case len(names) == 0:
		return nil, errors.New("no file with allowed keys is given")
	case len(parsed.signers) == 0 && len(parsed.pgp) == 0:
		return nil, fmt.Errorf("no key is allowed: %s holds none", f)
	}
	f.contents, f.keys = contents, parsed
	return parsed, nil
}

func (k *keys) add(name string, content []byte, signers bool) error {
	if signers {
		// Times without a zone are local ones, as ssh-keygen takes them.
		s, err := parseSigners(name, content, time.Local)
		if err != nil {
			return fmt.Errorf("read allowed signers %w", err)
		}
		k.signers = s
		return nil
	}
	e, err := parseKeys(content)
	if err != nil {
		return fmt.Errorf("read allowed keys %s: %w", name, err)
	}
	k.pgp = append(k.pgp, e...)
	return nil
}

// parseKeys reads armored OpenPGP public keys: any number of blocks, each with
// any number of keys.
func parseKeys(data []byte) (openpgp.EntityList, error) {
	const how = "export the keys with: gpg --armor --export KEY"
	var out openpgp.EntityList
	in := bufio.NewReader(bytes.NewReader(data))
	for n := 1; ; n++ {
		block, err := armor.Decode(in)
		switch {
		case errors.Is(err, io.EOF) && n > 1:
			return out, nil
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("there is no armored OpenPGP public key in it; %s", how)
		case err != nil:
			return nil, fmt.Errorf("block %d: %w", n, err)
		case block.Type == openpgp.PrivateKeyType:
			return nil, fmt.Errorf("block %d is a private key, which does not belong here; %s", n, how)
		case block.Type != openpgp.PublicKeyType:
			return nil, fmt.Errorf("block %d is a %q, not a public key; %s", n, block.Type, how)
		}
		entities, err := openpgp.ReadKeyRing(block.Body)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", n, err)
		}
		out = append(out, entities...)
	}
}
