package githubtest_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"
)

// jwt signs a token as an app does.
func jwt(t *testing.T, key *rsa.PrivateKey, issuer int64, now time.Time) string {
	t.Helper()
	return signed(t, key, map[string]any{"alg": "RS256", "typ": "JWT"}, map[string]any{
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(9 * time.Minute).Unix(), "iss": issuer,
	})
}

func signed(t *testing.T, key *rsa.PrivateKey, head, claims map[string]any) string {
	t.Helper()
	text := ""
	for _, part := range []map[string]any{head, claims} {
		data, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		text += base64.RawURLEncoding.EncodeToString(data) + "."
	}
	text = text[:len(text)-1]
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}
