package githubtest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// checkRun is what the app says of a commit.
type checkRun struct {
	id                      int64
	suite                   int64
	name, sha               string
	status, conclusion      string
	details, external       string
	started, completed      time.Time
	title, summary, content string
	annotations             []annotation
	app                     *app
}

type annotation struct {
	Path        string  `json:"path"`
	StartLine   int     `json:"start_line"`
	EndLine     int     `json:"end_line"`
	StartColumn *int    `json:"start_column"`
	EndColumn   *int    `json:"end_column"`
	Level       string  `json:"annotation_level"`
	Message     string  `json:"message"`
	Title       *string `json:"title"`
	Details     *string `json:"raw_details"`
}

// checkInput is what may be said of a check run; nil leaves a thing as it is.
type checkInput struct {
	Name       string     `json:"name"`
	SHA        string     `json:"head_sha"`
	Status     string     `json:"status"`
	Conclusion string     `json:"conclusion"`
	Details    *string    `json:"details_url"`
	External   *string    `json:"external_id"`
	Started    *time.Time `json:"started_at"`
	Completed  *time.Time `json:"completed_at"`
	Output     *struct {
		Title       *string      `json:"title"`
		Summary     *string      `json:"summary"`
		Text        *string      `json:"text"`
		Annotations []annotation `json:"annotations"`
	} `json:"output"`
}

// checksOf are the newest check runs of each name on a commit, the newest first.
func (r *repo) checksOf(sha string) []*checkRun {
	var list []*checkRun
	for _, k := range r.allChecksOf(sha) {
		if !slices.ContainsFunc(list, func(newer *checkRun) bool { return newer.name == k.name }) {
			list = append(list, k)
		}
	}
	return list
}

func (r *repo) allChecksOf(sha string) []*checkRun {
	list := slices.SortedFunc(maps.Values(r.checks), func(a, b *checkRun) int { return cmp.Compare(b.id, a.id) })
	return slices.DeleteFunc(list, func(k *checkRun) bool { return k.sha != sha })
}

// asInstallation refuses everybody but an installation of the app: people cannot
// write check runs.
func (c *call) asInstallation() error {
	if c.actor == nil || c.actor.app == nil || c.actor.jwt {
		return forbidden("You must authenticate via a GitHub App.")
	}
	return nil
}

// set takes over what a request says.
func (k *checkRun) set(in checkInput, now time.Time) error {
	k.name, k.status = cmp.Or(in.Name, k.name), cmp.Or(in.Status, k.status, "queued")
	if in.Conclusion != "" {
		k.conclusion, k.status = in.Conclusion, "completed"
	} else if in.Status != "" && in.Status != "completed" {
		k.conclusion, k.completed = "", time.Time{}
	}
	if k.status == "completed" && k.conclusion == "" {
		return invalid("CheckRun", "conclusion", "missing_field", "")
	}
	if in.Details != nil {
		k.details = *in.Details
	}
	if in.External != nil {
		k.external = *in.External
	}
	if k.started.IsZero() {
		k.started = now
	}
	if in.Started != nil {
		k.started = *in.Started
	}
	if k.status == "completed" && k.completed.IsZero() {
		k.completed = now
	}
	if in.Completed != nil {
		k.completed = *in.Completed
	}
	if out := in.Output; out != nil {
		if len(out.Annotations) > 50 {
			return invalid("CheckRun", "annotations", "invalid", "no more than 50 annotations at a time")
		}
		for target, source := range map[*string]*string{&k.title: out.Title, &k.summary: out.Summary, &k.content: out.Text} {
			if source != nil {
				*target = *source
			}
		}
		k.annotations = append(k.annotations, out.Annotations...)
	}
	return nil
}

func (c *call) renderCheck(r *repo, k *checkRun) object {
	self := c.s.api("/repos/%s/check-runs/%d", r.full(), k.id)
	pulls := []object{}
	for _, i := range r.issues {
		if p := i.pull; p != nil && !i.closed() && p.from == r && p.headSHA == k.sha {
			mini := object{"id": r.id, "name": r.name, "url": c.s.api("/repos/%s", r.full())}
			pulls = append(pulls, object{
				"id": i.id, "number": i.number, "url": c.s.pullURL(r, i),
				"head": object{"ref": p.head, "sha": p.headSHA, "repo": mini},
				"base": object{"ref": p.base, "sha": p.baseSHA, "repo": mini},
			})
		}
	}
	return object{
		"id": k.id, "node_id": node("CheckRun", k.id), "name": k.name, "head_sha": k.sha, "external_id": k.external,
		"url": self, "html_url": c.s.URL + "/" + r.full() + "/runs/" + itoa(k.id), "details_url": text(k.details),
		"status": k.status, "conclusion": text(k.conclusion), "started_at": maybe(k.started),
		"completed_at": maybe(k.completed), "check_suite": object{"id": k.suite}, "app": c.s.renderApp(k.app),
		"pull_requests": pulls, "output": object{
			"title": text(k.title), "summary": text(k.summary), "text": text(k.content),
			"annotations_count": len(k.annotations), "annotations_url": self + "/annotations",
		},
	}
}

func createCheckRun(c *call) (any, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, err
	}
	if err := c.asInstallation(); err != nil {
		return nil, err
	}
	if err := r.need(c.actor, Write); err != nil {
		return nil, err
	}
	var in checkInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !r.has(in.SHA, "commit") {
		return nil, refused("No commit found for SHA: " + in.SHA)
	}
	k := &checkRun{id: c.s.id(), suite: c.s.id(), sha: in.SHA, app: c.actor.app}
	if err := k.set(in, c.s.now()); err != nil {
		return nil, err
	}
	r.checks[k.id] = k
	return c.created(c.renderCheck(r, k), nil)
}

// check finds the check run of the path.
func (c *call) check() (*repo, *checkRun, error) {
	r, err := c.repo(Read)
	if err != nil {
		return nil, nil, err
	}
	id, err := c.number("check_run_id")
	if err != nil {
		return nil, nil, err
	}
	k := r.checks[id]
	if k == nil {
		return nil, nil, notFound()
	}
	return r, k, nil
}

func getCheckRun(c *call) (any, error) {
	r, k, err := c.check()
	if err != nil {
		return nil, err
	}
	return c.renderCheck(r, k), nil
}

func updateCheckRun(c *call) (any, error) {
	r, k, err := c.check()
	if err != nil {
		return nil, err
	}
	if err := c.asInstallation(); err != nil {
		return nil, err
	}
	var in checkInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	changed := *k
	changed.annotations = slices.Clone(k.annotations)
	if err := changed.set(in, c.s.now()); err != nil {
		return nil, err
	}
	*k = changed
	return c.renderCheck(r, k), nil
}

func listCheckRuns(c *call) (any, error) {
	r, commit, err := c.commitOf("ref", Read)
	if err != nil {
		return nil, err
	}
	list := r.checksOf(commit.sha)
	if c.query.Get("filter") == "all" {
		list = r.allChecksOf(commit.sha)
	}
	list = slices.DeleteFunc(list, func(k *checkRun) bool {
		name, status := c.query.Get("check_name"), c.query.Get("status")
		return (name != "" && name != k.name) || (status != "" && !strings.EqualFold(status, k.status))
	})
	total := len(list)
	return object{"total_count": total, "check_runs": each(c, list, func(k *checkRun) object { return c.renderCheck(r, k) })}, nil
}

func listAnnotations(c *call) (any, error) {
	r, k, err := c.check()
	if err != nil {
		return nil, err
	}
	return each(c, k.annotations, func(a annotation) object {
		return object{
			"path": a.Path, "start_line": a.StartLine, "end_line": a.EndLine, "start_column": a.StartColumn,
			"end_column": a.EndColumn, "annotation_level": a.Level, "message": a.Message, "title": a.Title,
			"raw_details": a.Details,
			"blob_href":   c.s.URL + "/" + r.full() + "/blob/" + k.sha + "/" + escapePath(a.Path),
		}
	}), nil
}
