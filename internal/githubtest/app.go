package githubtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// app is the GitHub App of a server.
type app struct {
	App
	user    *user // slug[bot]
	account *user
	created time.Time
}

func (s *Server) newApp(a App) *app {
	account := s.users[strings.ToLower(a.Account)]
	if account == nil {
		account = s.addUser(a.Account, organization)
	}
	return &app{App: a, user: s.addUser(a.Slug+"[bot]", bot), account: account, created: s.now()}
}

// installed says whether the app may see a repository.
func (a *app) installed(r *repo) bool { return r.owner == a.account }

// permissions of the app, for all repositories of its account.
func (a *app) permissions() object {
	return object{
		"checks": "write", "contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write",
		"statuses": "write", "members": "read", "administration": "read",
	}
}

// appActor checks a JWT of the app: RS256, by its key, of the right issuer, at
// most 10 minutes long.
func (s *Server) appActor(jwt string) (*actor, error) {
	wrong := func(why string) (*actor, error) {
		return nil, &Error{Status: http.StatusUnauthorized, Message: why}
	}
	if s.app == nil || s.app.Key == nil {
		return wrong("A JSON web token could not be decoded")
	}
	parts := strings.Split(jwt, ".")
	var head struct {
		Alg string `json:"alg"`
	}
	var claims struct {
		Issued  float64 `json:"iat"`
		Expires float64 `json:"exp"`
		Issuer  any     `json:"iss"` // the app's id, as a number or as text
	}
	if !decodePart(parts[0], &head) || !decodePart(parts[1], &claims) || head.Alg != "RS256" {
		return wrong("A JSON web token could not be decoded")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || rsa.VerifyPKCS1v15(s.app.Key, crypto.SHA256, sum[:], sig) != nil {
		return wrong("A JSON web token could not be decoded")
	}
	// Numbers are floats here: an id has at most 53 bits.
	issuer := fmt.Sprint(claims.Issuer)
	if f, ok := claims.Issuer.(float64); ok {
		issuer = fmt.Sprintf("%.0f", f)
	}
	now := float64(s.now().Unix())
	switch {
	case issuer != fmt.Sprint(s.app.ID):
		return wrong("Integration not found")
	case claims.Expires <= now:
		return wrong("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case claims.Expires > now+600:
		return wrong("'Expiration time' claim ('exp') is too far in the future")
	case claims.Issued > now+60:
		return wrong("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	}
	return &actor{user: s.app.user, app: s.app, jwt: true}, nil
}

func decodePart(part string, v any) bool {
	data, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(data, v) == nil
}

// asApp refuses everybody but the app itself.
func (c *call) asApp() error {
	if c.actor == nil || !c.actor.jwt {
		return &Error{Status: http.StatusUnauthorized, Message: "A JSON web token could not be decoded"}
	}
	return nil
}

func getApp(c *call) (any, error) {
	if err := c.asApp(); err != nil {
		return nil, err
	}
	return c.s.renderApp(c.s.app), nil
}

func getInstallation(c *call) (any, error) {
	if err := c.asApp(); err != nil {
		return nil, err
	}
	if c.params["installation_id"] != fmt.Sprint(c.s.app.InstallationID) {
		return nil, notFound()
	}
	return c.s.renderInstallation(c.s.app), nil
}

func getRepoInstallation(c *call) (any, error) {
	if err := c.asApp(); err != nil {
		return nil, err
	}
	r, err := c.repo(Read)
	if err != nil || !c.s.app.installed(r) {
		return nil, notFound()
	}
	return c.s.renderInstallation(c.s.app), nil
}

func listInstallationRepos(c *call) (any, error) {
	if c.actor == nil || c.actor.app == nil || c.actor.jwt {
		return nil, forbidden("You must authenticate with an installation access token in order to list repositories for an installation.")
	}
	var mine []*repo
	for _, r := range c.s.sortedRepos() {
		if c.actor.app.installed(r) && (c.actor.only == nil || slices.Contains(c.actor.only, r.name)) {
			mine = append(mine, r)
		}
	}
	total := len(mine)
	list := []object{}
	for _, r := range page(c, mine) {
		o, err := c.s.renderRepo(r, c.actor)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return object{"total_count": total, "repository_selection": "all", "repositories": list}, nil
}

func createInstallationToken(c *call) (any, error) {
	if _, err := getInstallation(c); err != nil {
		return nil, err
	}
	var in struct {
		Repositories []string          `json:"repositories"`
		IDs          []int64           `json:"repository_ids"`
		Permissions  map[string]string `json:"permissions"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	only := in.Repositories
	for _, id := range in.IDs {
		for _, r := range c.s.repos {
			if r.id == id {
				only = append(only, r.name)
			}
		}
	}
	for _, name := range only {
		r := c.s.repos[strings.ToLower(c.s.app.account.login+"/"+name)]
		if r == nil {
			return nil, refused("There is at least one repository that does not exist or is not accessible to the parent installation.")
		}
	}
	a := &actor{user: c.s.app.user, app: c.s.app, only: only, expires: c.s.now().Add(time.Hour)}
	token := "ghs_" + rand.Text()
	c.s.tokens[token] = a
	out := object{
		"token": token, "expires_at": stamp(a.expires), "permissions": c.s.app.permissions(), "repository_selection": "all",
	}
	if only != nil {
		out["repository_selection"] = "selected"
	}
	return c.created(out, nil)
}
