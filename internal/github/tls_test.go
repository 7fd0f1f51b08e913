package github

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAnEnterpriseServerWithACertificateOfItsOwn(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/api/v3/repos/acme/fleet/pulls/1" || req.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, fine)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of handshakes that fail
	server.StartTLS()
	defer server.Close()
	cfg := Config{
		BaseURL: server.URL, Owner: "acme", Repo: "fleet", Now: time.Now, Pause: time.Millisecond,
		Token: func() (string, error) { return token + "\n", nil }, // as files end
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := read(c); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without the certificate: %v", err)
	}
	cfg.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if c, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	if err := read(c); err != nil {
		t.Errorf("with the certificate: %v", err)
	}
}
