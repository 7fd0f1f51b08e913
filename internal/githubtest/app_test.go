package githubtest_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
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

func TestOnlyTheAppItselfGetsATokenForAnInstallation(t *testing.T) {
	ctx := context.Background()
	key, other := newKey(t), newKey(t)
	w := start(t, func(cfg *githubtest.Config) {
		cfg.App = &githubtest.App{ID: 7, InstallationID: 70, Slug: "wavegate", Account: "acme", Key: &key.PublicKey}
	})
	now := w.clock.read()
	head := map[string]any{"alg": "RS256", "typ": "JWT"}
	claims := func(from, to time.Duration, issuer any) map[string]any {
		return map[string]any{"iat": now.Add(from).Unix(), "exp": now.Add(to).Unix(), "iss": issuer}
	}
	good := claims(-time.Minute, 9*time.Minute, 7)
	for name, c := range map[string]struct {
		token  string
		status int
	}{
		"it is right":                       {signed(t, key, head, good), 201},
		"the app's id may be a text":        {signed(t, key, head, claims(0, 9*time.Minute, "7")), 201},
		"another key has signed it":         {signed(t, other, head, good), 401},
		"it is for another app":             {signed(t, key, head, claims(0, 9*time.Minute, 8)), 401},
		"it is over":                        {signed(t, key, head, claims(-9*time.Minute, -time.Second, 7)), 401},
		"it is too long":                    {signed(t, key, head, claims(0, 11*time.Minute, 7)), 401},
		"it is from the future":             {signed(t, key, head, claims(5*time.Minute, 9*time.Minute, 7)), 401},
		"it is not signed by RS256":         {signed(t, key, map[string]any{"alg": "none"}, good), 401},
		"it is no JSON":                     {"a.b.c", 401},
		"a user's token is not the app's":   {w.Token("ada"), 401},
		"an unknown token is not the app's": {"ghs_nothing", 401},
	} {
		_, resp, err := w.clientFor(c.token).Apps.CreateInstallationToken(ctx, 70, &github.InstallationTokenOptions{})
		if resp == nil || resp.StatusCode != c.status {
			t.Errorf("%s: %v, want %d", name, err, c.status)
		}
	}
	app := w.clientFor(jwt(t, key, 7, w.clock.read()))
	_, _, err := app.Apps.CreateInstallationToken(ctx, 71, nil)
	refusal(t, err, 404, "")
	_, _, err = app.Users.Get(ctx, "")
	refusal(t, err, 403, "integration")
}

func TestATokenOfAnInstallationEndsAfterAnHourAndKeepsToItsRepositories(t *testing.T) {
	ctx := context.Background()
	key := newKey(t)
	w := start(t, func(cfg *githubtest.Config) {
		cfg.App = &githubtest.App{ID: 7, InstallationID: 70, Slug: "wavegate", Account: "acme", Key: &key.PublicKey}
	})
	for _, name := range []string{"acme/one", "acme/two", "elsewhere/three"} {
		w.ok(w.AddPrivateRepo(name, githubtest.Files{"a": "b"}))
	}
	app := w.clientFor(jwt(t, key, 7, w.clock.read()))
	all := must[*github.InstallationToken](t)(app.Apps.CreateInstallationToken(ctx, 70, nil))
	one := must[*github.InstallationToken](t)(app.Apps.CreateInstallationToken(ctx, 70, &github.InstallationTokenOptions{Repositories: []string{"one"}}))
	for token, sees := range map[string]map[string]bool{
		all.GetToken(): {"acme/one": true, "acme/two": true, "elsewhere/three": false},
		one.GetToken(): {"acme/one": true, "acme/two": false, "elsewhere/three": false},
	} {
		for repo, want := range sees {
			owner, name, _ := strings.Cut(repo, "/")
			_, resp, _ := w.clientFor(token).Repositories.Get(ctx, owner, name)
			if got := resp.StatusCode == 200; got != want {
				t.Errorf("%s: %d, seen should be %v", repo, resp.StatusCode, want)
			}
		}
	}
	_, _, err := app.Apps.CreateInstallationToken(ctx, 70, &github.InstallationTokenOptions{Repositories: []string{"three"}})
	refusal(t, err, 422, "")
	w.clock.advance(time.Hour)
	_, _, err = w.clientFor(all.GetToken()).Repositories.Get(ctx, "acme", "one")
	refusal(t, err, 401, "Bad credentials")
}

func TestPeopleWriteNoCheckRuns(t *testing.T) {
	ctx := context.Background()
	w := start(t, nil)
	_, sha := w.propose("ada", "new", "7.6.1")
	_, _, err := w.client("olga").Checks.CreateCheckRun(ctx, "acme", "fleet", github.CreateCheckRunOptions{Name: "plan", HeadSHA: sha})
	refusal(t, err, 403, "You must authenticate via a GitHub App")
}

func TestTheAppPushesAsItsBot(t *testing.T) {
	ctx := context.Background()
	key := newKey(t)
	w := start(t, func(cfg *githubtest.Config) {
		cfg.App = &githubtest.App{ID: 7, InstallationID: 70, Slug: "wavegate", Account: "acme", Key: &key.PublicKey}
	})
	token := must[*github.InstallationToken](t)(w.clientFor(jwt(t, key, 7, w.clock.read())).Apps.CreateInstallationToken(ctx, 70, nil))
	bot := w.clientFor(token.GetToken())
	main := must[*github.Reference](t)(bot.Git.GetRef(ctx, "acme", "fleet", "heads/main"))
	must[*github.Reference](t)(bot.Git.CreateRef(ctx, "acme", "fleet", &github.Reference{Ref: github.String("refs/heads/promote"), Object: main.Object}))
	must[*github.RepositoryContentResponse](t)(bot.Repositories.CreateFile(ctx, "acme", "fleet", "x", &github.RepositoryContentFileOptions{
		Message: github.String("Promote"), Content: []byte("y"), Branch: github.String("promote"),
	}))
	pr := must[*github.PullRequest](t)(bot.PullRequests.Create(ctx, "acme", "fleet", &github.NewPullRequest{
		Title: github.String("Promote"), Head: github.String("promote"), Base: github.String("main"),
	}))
	if pr.GetUser().GetLogin() != "wavegate[bot]" || pr.GetUser().GetType() != "Bot" {
		t.Errorf("opened by %+v", pr.GetUser())
	}
	_, _, err := bot.PullRequests.CreateReview(ctx, "acme", "fleet", pr.GetNumber(), &github.PullRequestReviewRequest{Event: github.String("APPROVE")})
	refusal(t, err, 422, "")
	for _, m := range w.activity("&ref=promote") {
		if m.Actor.GetLogin() != "wavegate[bot]" {
			t.Errorf("moved by %+v", m.Actor)
		}
	}
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
