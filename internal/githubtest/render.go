package githubtest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stamp writes a time as GitHub does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// maybe is a time that may not have come; zero is null.
func maybe(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

// text is a text that may be missing; empty is null.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func node(kind string, id any) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%v", kind, id))
}

// api is the address of a resource of the API.
func (s *Server) api(format string, args ...any) string {
	return s.URL + prefix + fmt.Sprintf(format, args...)
}

func (s *Server) sortedRepos() []*repo {
	var list []*repo
	for _, name := range slices.Sorted(maps.Keys(s.repos)) {
		list = append(list, s.repos[name])
	}
	return list
}

// renderUser renders an account; nil is null.
func (s *Server) renderUser(u *user) any {
	if u == nil || u.gone {
		return nil
	}
	return s.userObject(u)
}

func (s *Server) userObject(u *user) object {
	if u.gone {
		u = s.person("ghost")
	}
	login := url.PathEscape(u.login)
	self := s.api("/users/%s", login)
	return object{
		"login": u.login, "id": u.id, "node_id": node(u.kind, u.id), "type": u.kind, "site_admin": false,
		"avatar_url": s.URL + "/avatars/" + login, "gravatar_id": "", "url": self, "html_url": s.URL + "/" + login,
		"followers_url": self + "/followers", "following_url": self + "/following{/other_user}",
		"gists_url": self + "/gists{/gist_id}", "starred_url": self + "/starred{/owner}{/repo}",
		"subscriptions_url": self + "/subscriptions", "organizations_url": self + "/orgs", "repos_url": self + "/repos",
		"events_url": self + "/events{/privacy}", "received_events_url": self + "/received_events",
	}
}

// renderProfile renders an account as its own page does.
func (s *Server) renderProfile(u *user) object {
	o := s.userObject(u)
	maps.Copy(o, object{
		"name": u.name, "company": nil, "blog": "", "location": nil, "email": u.email, "hireable": nil, "bio": nil,
		"twitter_username": nil, "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
		"created_at": stamp(u.created), "updated_at": stamp(u.created),
		"user_view_type": "public",
	})
	return o
}

// renderRepo renders a repository for somebody.
func (s *Server) renderRepo(r *repo, a *actor) (object, error) {
	o, err := s.repoObject(r)
	if err != nil {
		return nil, err
	}
	if r.parent != nil {
		parent, err := s.repoObject(r.parent)
		if err != nil {
			return nil, err
		}
		o["parent"], o["source"] = parent, parent
	}
	if a != nil {
		p := r.permission(a)
		o["permissions"] = object{
			"admin": p >= Admin, "maintain": p >= Maintain, "push": p >= Write, "triage": p >= Triage, "pull": p >= Read,
		}
	}
	return o, nil
}

func (s *Server) repoObject(r *repo) (object, error) {
	branch, err := r.main()
	if err != nil {
		return nil, err
	}
	open := 0
	for _, i := range r.issues {
		if !i.closed() {
			open++
		}
	}
	pushed := r.created
	if n := len(r.activities); n > 0 {
		pushed = r.activities[n-1].at
	}
	self, html := s.api("/repos/%s", r.full()), s.URL+"/"+r.full()
	o := object{
		"id": r.id, "node_id": node("Repository", r.id), "name": r.name, "full_name": r.full(),
		"owner": s.userObject(r.owner), "private": r.private, "html_url": html, "description": nil, "fork": r.parent != nil,
		"url": self, "created_at": stamp(r.created), "updated_at": stamp(pushed), "pushed_at": stamp(pushed),
		"git_url": "git:" + strings.TrimPrefix(html, "http:") + ".git", "ssh_url": "git@localhost:" + r.full() + ".git",
		"clone_url": html + ".git", "svn_url": html, "homepage": nil, "size": 1, "stargazers_count": 0,
		"watchers_count": 0, "watchers": 0, "language": nil, "has_issues": true, "has_projects": false,
		"has_downloads": false, "has_wiki": false, "has_pages": false, "has_discussions": false, "forks_count": 0,
		"forks": 0, "mirror_url": nil, "archived": false, "disabled": false, "open_issues_count": open,
		"open_issues": open, "license": nil, "allow_forking": true, "is_template": false, "topics": []string{},
		"visibility": "public", "default_branch": branch, "web_commit_signoff_required": false,
		"network_count": 0, "subscribers_count": 0, "allow_merge_commit": true, "allow_squash_merge": true,
		"allow_rebase_merge": true, "allow_auto_merge": false, "delete_branch_on_merge": false,
	}
	if r.private {
		o["visibility"] = "private"
	}
	for name, rest := range map[string]string{
		"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}",
		"branches_url": "/branches{/branch}", "collaborators_url": "/collaborators{/collaborator}",
		"comments_url": "/comments{/number}", "commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}",
		"contents_url": "/contents/{+path}", "contributors_url": "/contributors", "deployments_url": "/deployments",
		"downloads_url": "/downloads", "events_url": "/events", "forks_url": "/forks", "git_commits_url": "/git/commits{/sha}",
		"git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}", "hooks_url": "/hooks",
		"issue_comment_url": "/issues/comments{/number}", "issue_events_url": "/issues/events{/number}",
		"issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}",
		"languages_url": "/languages", "merges_url": "/merges", "milestones_url": "/milestones{/number}",
		"notifications_url": "/notifications{?since,all,participating}", "pulls_url": "/pulls{/number}",
		"releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}",
		"subscribers_url": "/subscribers", "subscription_url": "/subscription", "tags_url": "/tags", "teams_url": "/teams",
		"trees_url": "/git/trees{/sha}",
	} {
		o[name] = self + rest
	}
	return o, nil
}

func (s *Server) renderTeam(t *team) object {
	self := s.api("/orgs/%s/teams/%s", t.org.login, t.slug)
	return object{
		"id": t.id, "node_id": node("Team", t.id), "name": t.slug, "slug": t.slug, "description": nil, "privacy": "closed",
		"notification_setting": "notifications_enabled", "permission": "pull", "url": self, "type": "organization",
		"organization_id": t.org.id, "html_url": s.URL + "/orgs/" + t.org.login + "/teams/" + t.slug,
		"members_url": self + "/members{/member}", "repositories_url": self + "/repos", "parent": nil,
	}
}

func (s *Server) renderApp(a *app) any {
	if a == nil {
		return nil
	}
	return object{
		"id": a.ID, "slug": a.Slug, "node_id": node("App", a.ID), "owner": s.userObject(a.account), "name": a.Slug,
		"description": nil, "external_url": s.URL, "html_url": s.URL + "/apps/" + a.Slug,
		"created_at": stamp(a.created), "updated_at": stamp(a.created), "permissions": a.permissions(),
		"events": []string{"pull_request", "pull_request_review", "issue_comment", "push"},
	}
}

func (s *Server) renderInstallation(a *app) object {
	return object{
		"id": a.InstallationID, "account": s.userObject(a.account), "repository_selection": "all",
		"access_tokens_url": s.api("/app/installations/%d/access_tokens", a.InstallationID),
		"repositories_url":  s.api("/installation/repositories"),
		"html_url":          s.URL + "/settings/installations/" + fmt.Sprint(a.InstallationID),
		"app_id":            a.ID, "app_slug": a.Slug, "target_id": a.account.id, "target_type": a.account.kind,
		"permissions": a.permissions(), "events": []string{"pull_request"}, "created_at": stamp(a.created),
		"updated_at": stamp(a.created), "single_file_name": nil, "suspended_at": nil, "suspended_by": nil,
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// escapePath escapes a path for an address and keeps its slashes.
func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}
