package githubtest_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// fetch asks for something that go-github v62 has no method for.
func fetch[T any](t *testing.T, c *github.Client, method, path string, body any) T {
	t.Helper()
	req, err := c.NewRequest(method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if _, err := c.Do(context.Background(), req, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// done fails the test when a call without a result has failed.
func done(t *testing.T) func(*github.Response, error) {
	return func(_ *github.Response, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryOperationIsAnsweredAsGitHubDocumentsIt(t *testing.T) {
	ctx := context.Background()
	key := newKey(t)
	w := start(t, func(cfg *githubtest.Config) {
		cfg.App = &githubtest.App{ID: 7, InstallationID: 70, Slug: "wavegate", Account: "acme", Key: &key.PublicKey}
	})
	w.ok(w.AddTeam("acme/kafka-sre", "grace"))
	w.ok(w.GrantTeam(fleet, "acme/kafka-sre", githubtest.Maintain))
	ada, grace, olga := w.client("ada"), w.client("grace"), w.client("olga")
	asApp := w.clientFor(jwt(t, key, 7, w.clock.read()))
	const owner, name = "acme", "fleet"

	// Apps
	if got := must[*github.App](t)(asApp.Apps.Get(ctx, "")); got.GetSlug() != "wavegate" {
		t.Errorf("app %+v", got)
	}
	must[*github.Installation](t)(asApp.Apps.GetInstallation(ctx, 70))
	if got := must[*github.Installation](t)(asApp.Apps.FindRepositoryInstallation(ctx, owner, name)); got.GetID() != 70 {
		t.Errorf("installation %+v", got)
	}
	token := must[*github.InstallationToken](t)(asApp.Apps.CreateInstallationToken(ctx, 70, nil))
	bot := w.clientFor(token.GetToken())
	if got := must[*github.ListRepositories](t)(bot.Apps.ListRepos(ctx, nil)); got.GetTotalCount() != 1 {
		t.Errorf("repositories of the installation: %+v", got)
	}

	// People
	if got := must[*github.User](t)(ada.Users.Get(ctx, "")); got.GetLogin() != "ada" {
		t.Errorf("user %+v", got)
	}
	must[*github.User](t)(ada.Users.Get(ctx, "grace"))
	must[*github.Team](t)(ada.Teams.GetTeamBySlug(ctx, owner, "kafka-sre"))
	if got := must[[]*github.User](t)(ada.Teams.ListTeamMembersBySlug(ctx, owner, "kafka-sre", nil)); len(got) != 1 {
		t.Errorf("members %+v", got)
	}
	if got := must[*github.Membership](t)(ada.Teams.GetTeamMembershipBySlug(ctx, owner, "kafka-sre", "grace")); got.GetState() != "active" {
		t.Errorf("membership %+v", got)
	}
	if !must[bool](t)(ada.Repositories.IsCollaborator(ctx, owner, name, "rhea")) {
		t.Error("rhea is no collaborator")
	}
	if got := must[*github.RepositoryPermissionLevel](t)(ada.Repositories.GetPermissionLevel(ctx, owner, name, "grace")); got.GetPermission() != "write" || got.GetUser().GetRoleName() != "maintain" {
		t.Errorf("permission %+v", got)
	}

	// A branch with changed files, by the git database.
	must[*github.Repository](t)(ada.Repositories.Get(ctx, owner, name))
	main := must[*github.Reference](t)(ada.Git.GetRef(ctx, owner, name, "heads/main"))
	blob := must[*github.Blob](t)(ada.Git.CreateBlob(ctx, owner, name, &github.Blob{Content: github.String("kafka: 7.6.1\n"), Encoding: github.String("utf-8")}))
	must[*github.Blob](t)(ada.Git.GetBlob(ctx, owner, name, blob.GetSHA()))
	before := must[*github.Commit](t)(ada.Git.GetCommit(ctx, owner, name, main.GetObject().GetSHA()))
	tree := must[*github.Tree](t)(ada.Git.CreateTree(ctx, owner, name, before.GetTree().GetSHA(), []*github.TreeEntry{
		{Path: github.String("cohorts/10-canary.yaml"), Mode: github.String("100644"), Type: github.String("blob"), SHA: blob.SHA},
		{Path: github.String("fleet.yaml"), Mode: github.String("100644"), Type: github.String("blob")}, // removed
	}))
	if got := must[*github.Tree](t)(ada.Git.GetTree(ctx, owner, name, tree.GetSHA(), true)); len(got.Entries) != 2 {
		t.Errorf("tree has %+v", got.Entries)
	}
	commit := must[*github.Commit](t)(ada.Git.CreateCommit(ctx, owner, name, &github.Commit{
		Message: github.String("kafka 7.6.1"), Tree: tree, Parents: []*github.Commit{before},
	}, nil))
	must[*github.RepositoryComment](t)(ada.Repositories.CreateComment(ctx, owner, name, commit.GetSHA(), &github.RepositoryComment{Body: github.String("Why?")}))
	if got := must[[]*github.RepositoryComment](t)(ada.Repositories.ListCommitComments(ctx, owner, name, commit.GetSHA(), nil)); len(got) != 1 || got[0].GetBody() != "Why?" {
		t.Errorf("comments on the commit %+v", got)
	}
	must[*github.Reference](t)(ada.Git.CreateRef(ctx, owner, name, &github.Reference{
		Ref: github.String("refs/heads/promote/canary"), Object: &github.GitObject{SHA: commit.SHA},
	}))
	if got := must[[]*github.Reference](t)(ada.Git.ListMatchingRefs(ctx, owner, name, &github.ReferenceListOptions{Ref: "heads/promote"})); len(got) != 1 {
		t.Errorf("matching refs %+v", got)
	}
	branch := must[*github.Branch](t)(ada.Repositories.GetBranch(ctx, owner, name, "promote/canary", 0))
	if branch.GetCommit().GetSHA() != commit.GetSHA() || branch.GetProtected() {
		t.Errorf("branch %+v", branch)
	}
	if got := must[[]*github.Branch](t)(ada.Repositories.ListBranches(ctx, owner, name, nil)); len(got) != 2 {
		t.Errorf("branches %+v", got)
	}

	// The same by the contents API.
	opts := func(sha *string) *github.RepositoryContentFileOptions {
		return &github.RepositoryContentFileOptions{
			Message: github.String("Change"), Content: []byte("a: 1\n"), Branch: github.String("promote/canary"), SHA: sha,
		}
	}
	made := must[*github.RepositoryContentResponse](t)(ada.Repositories.CreateFile(ctx, owner, name, "pins/a b.yaml", opts(nil)))
	must[*github.RepositoryContentResponse](t)(ada.Repositories.UpdateFile(ctx, owner, name, "pins/a b.yaml", opts(made.Content.SHA)))
	file, _, resp, err := ada.Repositories.GetContents(ctx, owner, name, "pins/a b.yaml", &github.RepositoryContentGetOptions{Ref: "promote/canary"})
	must[*github.RepositoryContent](t)(file, resp, err)
	if content, err := file.GetContent(); err != nil || content != "a: 1\n" {
		t.Errorf("content %q, %v", content, err)
	}
	for folder, want := range map[string]int{"cohorts": 1, "": 2} {
		_, list, resp, err := ada.Repositories.GetContents(ctx, owner, name, folder, nil)
		if must[[]*github.RepositoryContent](t)(list, resp, err); len(list) != want {
			t.Errorf("folder %q has %d entries, want %d", folder, len(list), want)
		}
	}
	must[*github.RepositoryContentResponse](t)(ada.Repositories.DeleteFile(ctx, owner, name, "pins/a b.yaml", opts(made.Content.SHA)))
	must[*github.Reference](t)(ada.Git.UpdateRef(ctx, owner, name, &github.Reference{
		Ref: github.String("refs/heads/promote/canary"), Object: &github.GitObject{SHA: commit.SHA},
	}, true))

	// History
	must[[]*github.RepositoryCommit](t)(ada.Repositories.ListCommits(ctx, owner, name, &github.CommitsListOptions{SHA: "promote/canary", Path: "cohorts"}))
	if got := must[*github.RepositoryCommit](t)(ada.Repositories.GetCommit(ctx, owner, name, "promote/canary", nil)); len(got.Files) != 2 {
		t.Errorf("commit changes %+v", got.Files)
	}
	if got := must[*github.CommitsComparison](t)(ada.Repositories.CompareCommits(ctx, owner, name, "main", "promote/canary", nil)); got.GetStatus() != "ahead" || got.GetAheadBy() != 1 {
		t.Errorf("comparison %+v", got)
	}
	type move struct {
		Type  string       `json:"activity_type"`
		Ref   string       `json:"ref"`
		Actor *github.User `json:"actor"`
	}
	moves := fetch[[]move](t, ada, "GET", "repos/acme/fleet/activity?ref=promote/canary", nil)
	if len(moves) != 5 || moves[0].Type != "force_push" || moves[4].Type != "branch_creation" || moves[0].Actor.GetLogin() != "ada" {
		t.Errorf("activity %+v", moves)
	}

	// Protection
	must[*github.Protection](t)(olga.Repositories.UpdateBranchProtection(ctx, owner, name, "main", &github.ProtectionRequest{
		RequiredPullRequestReviews: &github.PullRequestReviewsEnforcementRequest{RequiredApprovingReviewCount: 1, DismissStaleReviews: true},
		RequiredStatusChecks:       &github.RequiredStatusChecks{Contexts: &[]string{"wavegate"}},
	}))
	if got := must[*github.Protection](t)(olga.Repositories.GetBranchProtection(ctx, owner, name, "main")); got.GetRequiredPullRequestReviews().RequiredApprovingReviewCount != 1 {
		t.Errorf("protection %+v", got)
	}
	if got := must[*github.Branch](t)(ada.Repositories.GetBranch(ctx, owner, name, "main", 0)); !got.GetProtected() {
		t.Errorf("branch %+v", got)
	}
	done(t)(olga.Repositories.RemoveBranchProtection(ctx, owner, name, "main"))

	// The pull request
	pr := must[*github.PullRequest](t)(ada.PullRequests.Create(ctx, owner, name, &github.NewPullRequest{
		Title: github.String("Canary"), Head: github.String("promote/canary"), Base: github.String("main"),
	}))
	n := pr.GetNumber()
	must[*github.PullRequest](t)(ada.PullRequests.Edit(ctx, owner, name, n, &github.PullRequest{Title: github.String("Canary to 7.6.1"), Body: github.String("Now")}))
	must[*github.PullRequest](t)(ada.PullRequests.Edit(ctx, owner, name, n, &github.PullRequest{State: github.String("closed")}))
	must[*github.PullRequest](t)(ada.PullRequests.Edit(ctx, owner, name, n, &github.PullRequest{State: github.String("open")}))
	if got := must[[]*github.PullRequest](t)(ada.PullRequests.List(ctx, owner, name, &github.PullRequestListOptions{Head: "acme:promote/canary"})); len(got) != 1 {
		t.Errorf("pull requests %+v", got)
	}
	if got := must[[]*github.PullRequest](t)(ada.PullRequests.ListPullRequestsWithCommit(ctx, owner, name, commit.GetSHA(), nil)); len(got) != 1 {
		t.Errorf("pull requests of the commit %+v", got)
	}
	if got := must[[]*github.CommitFile](t)(ada.PullRequests.ListFiles(ctx, owner, name, n, nil)); len(got) != 2 || got[0].GetPatch() != "@@ -1 +1 @@\n-kafka: 7.6.0\n+kafka: 7.6.1" || got[1].GetStatus() != "removed" {
		t.Errorf("files %+v", got)
	}
	must[[]*github.RepositoryCommit](t)(ada.PullRequests.ListCommits(ctx, owner, name, n, nil))
	must[*github.PullRequest](t)(ada.PullRequests.RequestReviewers(ctx, owner, name, n, github.ReviewersRequest{Reviewers: []string{"grace", "olga"}}))
	done(t)(ada.PullRequests.RemoveReviewers(ctx, owner, name, n, github.ReviewersRequest{Reviewers: []string{"olga"}}))
	if got := must[*github.Reviewers](t)(ada.PullRequests.ListReviewers(ctx, owner, name, n, nil)); len(got.Users) != 1 {
		t.Errorf("requested %+v", got)
	}
	review := must[*github.PullRequestReview](t)(grace.PullRequests.CreateReview(ctx, owner, name, n, &github.PullRequestReviewRequest{
		Event: github.String("REQUEST_CHANGES"), Body: github.String("Wait"),
	}))
	must[*github.PullRequestReview](t)(grace.PullRequests.GetReview(ctx, owner, name, n, review.GetID()))
	dismissed := must[*github.PullRequestReview](t)(olga.PullRequests.DismissReview(ctx, owner, name, n, review.GetID(), &github.PullRequestReviewDismissalRequest{Message: github.String("No")}))
	if dismissed.GetState() != "DISMISSED" {
		t.Errorf("dismissed as %+v", dismissed)
	}
	if got := must[[]*github.PullRequestReview](t)(grace.PullRequests.ListReviews(ctx, owner, name, n, nil)); len(got) != 1 {
		t.Errorf("reviews %+v", got)
	}

	// Statuses and checks
	must[*github.RepoStatus](t)(bot.Repositories.CreateStatus(ctx, owner, name, commit.GetSHA(), &github.RepoStatus{
		State: github.String("success"), Context: github.String("wavegate"), Description: github.String("Fine"), TargetURL: github.String("https://example.com"),
	}))
	must[[]*github.RepoStatus](t)(ada.Repositories.ListStatuses(ctx, owner, name, "promote/canary", nil))
	if got := must[*github.CombinedStatus](t)(ada.Repositories.GetCombinedStatus(ctx, owner, name, "promote/canary", nil)); got.GetState() != "success" {
		t.Errorf("combined status %+v", got)
	}
	run := must[*github.CheckRun](t)(bot.Checks.CreateCheckRun(ctx, owner, name, github.CreateCheckRunOptions{
		Name: "plan", HeadSHA: commit.GetSHA(), Status: github.String("in_progress"),
	}))
	run = must[*github.CheckRun](t)(bot.Checks.UpdateCheckRun(ctx, owner, name, run.GetID(), github.UpdateCheckRunOptions{
		Name: "plan", Status: github.String("completed"), Conclusion: github.String("failure"), Output: &github.CheckRunOutput{
			Title: github.String("Refused"), Summary: github.String("One problem"), Annotations: []*github.CheckRunAnnotation{{
				Path: github.String("fleet.yaml"), StartLine: github.Int(1), EndLine: github.Int(1),
				AnnotationLevel: github.String("failure"), Message: github.String("unknown field"),
			}},
		},
	}))
	if got := must[*github.CheckRun](t)(ada.Checks.GetCheckRun(ctx, owner, name, run.GetID())); got.GetConclusion() != "failure" || len(got.PullRequests) != 1 {
		t.Errorf("check run %+v", got)
	}
	must[*github.ListCheckRunsResults](t)(ada.Checks.ListCheckRunsForRef(ctx, owner, name, "promote/canary", nil))
	if got := must[[]*github.CheckRunAnnotation](t)(ada.Checks.ListCheckRunAnnotations(ctx, owner, name, run.GetID(), nil)); len(got) != 1 {
		t.Errorf("annotations %+v", got)
	}

	// Comments, labels, reactions
	comment := must[*github.IssueComment](t)(bot.Issues.CreateComment(ctx, owner, name, n, &github.IssueComment{Body: github.String("**Plan**")}))
	must[*github.IssueComment](t)(bot.Issues.EditComment(ctx, owner, name, comment.GetID(), &github.IssueComment{Body: github.String("**Plan** 2")}))
	must[*github.IssueComment](t)(ada.Issues.GetComment(ctx, owner, name, comment.GetID()))
	must[[]*github.IssueComment](t)(ada.Issues.ListComments(ctx, owner, name, n, nil))
	must[[]*github.IssueComment](t)(ada.Issues.ListComments(ctx, owner, name, 0, nil)) // of all issues
	reaction := must[*github.Reaction](t)(bot.Reactions.CreateIssueCommentReaction(ctx, owner, name, comment.GetID(), "eyes"))
	must[[]*github.Reaction](t)(ada.Reactions.ListIssueCommentReactions(ctx, owner, name, comment.GetID(), nil))
	done(t)(bot.Reactions.DeleteIssueCommentReaction(ctx, owner, name, comment.GetID(), reaction.GetID()))
	done(t)(bot.Issues.DeleteComment(ctx, owner, name, comment.GetID()))
	must[*github.Label](t)(ada.Issues.CreateLabel(ctx, owner, name, &github.Label{Name: github.String("wavegate"), Color: github.String("00ff00")}))
	must[*github.Label](t)(ada.Issues.GetLabel(ctx, owner, name, "wavegate"))
	must[[]*github.Label](t)(ada.Issues.ListLabels(ctx, owner, name, nil))
	must[[]*github.Label](t)(ada.Issues.AddLabelsToIssue(ctx, owner, name, n, []string{"wavegate", "promotion"}))
	must[[]*github.Label](t)(ada.Issues.ReplaceLabelsForIssue(ctx, owner, name, n, []string{"wavegate", "revert"}))
	done(t)(ada.Issues.RemoveLabelForIssue(ctx, owner, name, n, "revert"))
	if got := must[[]*github.Label](t)(ada.Issues.ListLabelsByIssue(ctx, owner, name, n, nil)); len(got) != 1 {
		t.Errorf("labels %+v", got)
	}

	// Issues
	issue := must[*github.Issue](t)(bot.Issues.Create(ctx, owner, name, &github.IssueRequest{
		Title: github.String("Drift"), Body: github.String("3 clusters"), Labels: &[]string{"drift"},
	}))
	must[*github.Issue](t)(bot.Issues.Edit(ctx, owner, name, issue.GetNumber(), &github.IssueRequest{State: github.String("closed"), StateReason: github.String("completed")}))
	if got := must[*github.Issue](t)(ada.Issues.Get(ctx, owner, name, issue.GetNumber())); got.GetState() != "closed" {
		t.Errorf("issue %+v", got)
	}
	if got := must[[]*github.Issue](t)(ada.Issues.ListByRepo(ctx, owner, name, &github.IssueListByRepoOptions{State: "all", Labels: []string{"drift"}})); len(got) != 1 {
		t.Errorf("issues %+v", got)
	}
	reaction = must[*github.Reaction](t)(ada.Reactions.CreateIssueReaction(ctx, owner, name, n, "rocket"))
	must[[]*github.Reaction](t)(ada.Reactions.ListIssueReactions(ctx, owner, name, n, nil))
	done(t)(ada.Reactions.DeleteIssueReaction(ctx, owner, name, n, reaction.GetID()))

	// The merge
	_, err = w.As("olga").Push(fleet, "main", githubtest.Change{Write: githubtest.Files{"README.md": "Fleet\n"}})
	w.ok(err)
	_, resp, err = ada.PullRequests.UpdateBranch(ctx, owner, name, n, nil)
	var accepted *github.AcceptedError
	if !errors.As(err, &accepted) {
		t.Fatalf("update of the branch: %v, %v", resp, err)
	}
	must[*github.PullRequestMergeResult](t)(grace.PullRequests.Merge(ctx, owner, name, n, "", &github.PullRequestOptions{MergeMethod: "squash"}))
	if !must[bool](t)(ada.PullRequests.IsMerged(ctx, owner, name, n)) {
		t.Error("it is not merged")
	}
	must[*github.PullRequest](t)(ada.PullRequests.Get(ctx, owner, name, n))
	done(t)(ada.Git.DeleteRef(ctx, owner, name, "heads/promote/canary"))
	must[*github.RateLimits](t)(ada.RateLimit.Get(ctx))

	asked := map[string]bool{}
	for _, r := range w.Requests() {
		if r.Status < 300 {
			asked[r.Method+" "+r.Operation] = true
		}
	}
	for _, operation := range documented(t) {
		if !asked[operation] {
			t.Errorf("%s is documented and was never asked for", operation)
		}
	}
}

// documented are the operations in operations.txt.
func documented(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "WEBHOOK") {
			list = append(list, line)
		}
	}
	return list
}
