package approver

import (
	"bytes"
	"encoding/pem"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

func TestACommitSignedWithSSH(t *testing.T) {
	key, other := newSSHKey(t), newSSHKey(t)
	print := ssh.FingerprintSHA256(key.PublicKey())
	for _, tt := range []struct {
		name      string
		signers   string
		committer string
		refusal   []string
	}{
		{"is approved when the key is allowed", "ada@example.com " + key.line(), "ada@example.com", nil},
		{"is approved when one of several principals is the committer", "bob@example.com,ada@example.com " + key.line(), "ada@example.com", nil},
		{"is approved when a pattern has the committer", "*@example.com " + key.line(), "ada@example.com", nil},
		{"is approved whatever the case of the address", "Ada@Example.com " + key.line(), "aDA@example.COM", nil},
		{"is approved when the key is allowed for git", `ada@example.com namespaces="file,git" ` + key.line(), "ada@example.com", nil},
		{"is approved when the key is allowed from a time that has come", `ada@example.com valid-after="20261124Z" ` + key.line(), "ada@example.com", nil},
		{"is approved until the last moment", `ada@example.com valid-before="202611241200Z" ` + key.line(), "ada@example.com", nil},
		{
			"is approved when another line of the same key allows it",
			"bob@example.com " + key.line() + "\n# and\nada@example.com " + key.line(), "ada@example.com", nil,
		},

		{"is refused when the key is not known", "ada@example.com " + other.line(), "ada@example.com", []string{"not among the allowed keys", print, "add its public key"}},
		{"is refused when the key belongs to somebody else", "bob@example.com " + key.line(), "ada@example.com", []string{`"ada@example.com"`, "not an identity", "bob@example.com", print}},
		{"is refused when a pattern excludes the committer", "!ada@*,*@example.com " + key.line(), "ada@example.com", []string{"not an identity"}},
		{"is refused when another letter looks like the address", "kim@example.com " + key.line(), "\u212aim@example.com", []string{"not an identity"}},
		{"is refused when there is no address", "ada@example.com " + key.line(), "", []string{"not an identity"}},
		{"is refused when the key is for something else", `ada@example.com namespaces="file" ` + key.line(), "ada@example.com", []string{"allowed only for file"}},
		{"is refused when the key is for what looks like git", `ada@example.com namespaces="GIT" ` + key.line(), "ada@example.com", []string{"allowed only for GIT"}},
		{"is refused before the key counts", `ada@example.com valid-after="20261125Z" ` + key.line(), "ada@example.com", []string{"counts only from 2026-11-25T00:00:00Z"}},
		{"is refused when the key counts no more", `ada@example.com valid-before="20261124115959Z" ` + key.line(), "ada@example.com", []string{"counted only until 2026-11-24T11:59:59Z"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := key.sign(t, commitBy(tt.committer), "git")
			mustBe(t, judged(t, allowing(t, tt.signers, ""), c), tt.refusal...)
		})
	}
}

func TestAnSSHSignatureThatIsNotRight(t *testing.T) {
	key, other := newSSHKey(t), newSSHKey(t)
	s := allowing(t, "ada@example.com "+key.line(), "")
	good := key.sign(t, commitBy("ada@example.com"), "git")
	for _, tt := range []struct {
		name   string
		commit func() admission.Commit
		want   string
	}{
		{"is of another text", func() admission.Commit {
			c := good
			c.Payload = bytes.Replace(c.Payload, []byte("7.6.1"), []byte("7.6.0"), 1)
			return c
		}, "is not valid"},
		{"is made for files", func() admission.Commit { return key.sign(t, commitBy("ada@example.com"), "file") }, `is for "file", not for git`},
		{"names another key than the one that made it", func() admission.Commit {
			c := good
			block, _ := pem.Decode([]byte(other.sign(t, c, "git").Signature))
			block.Bytes = bytes.Replace(block.Bytes, other.PublicKey().Marshal(), key.PublicKey().Marshal(), 1)
			c.Signature = string(pem.EncodeToMemory(block))
			return c
		}, "is not valid"},
		{"is cut off", func() admission.Commit {
			c := good
			c.Signature = c.Signature[:len(c.Signature)/2]
			return c
		}, "cannot be read"},
		{"is nothing but a frame", func() admission.Commit {
			c := good
			c.Signature = "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"
			return c
		}, "cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) { mustBe(t, judged(t, s, tt.commit()), tt.want) })
	}
}

func TestAKeyOfAnotherKindThanEd25519Signs(t *testing.T) {
	for _, kind := range []struct{ name, pem string }{{"rsa", rsaKey(t)}, {"ecdsa", ecdsaKey(t)}} {
		t.Run(kind.name, func(t *testing.T) {
			signer, err := ssh.ParsePrivateKey([]byte(kind.pem))
			if err != nil {
				t.Fatal(err)
			}
			key := sshKey{Signer: signer}
			s := allowing(t, "ada@example.com "+key.line()+" a comment", "")
			mustBe(t, judged(t, s, key.sign(t, commitBy("ada@example.com"), "git")))
			c := key.sign(t, commitBy("ada@example.com"), "git")
			c.Payload = append(c.Payload, '\n')
			if e := judged(t, s, c); !strings.Contains(e.Reason, "is not valid") {
				t.Errorf("%+v", e)
			}
		})
	}
}
