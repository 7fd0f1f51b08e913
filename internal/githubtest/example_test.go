package githubtest_test

import (
	"fmt"
	"os"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

func Example() {
	dir, err := os.MkdirTemp("", "githubtest")
	check(err)
	defer func() { check(os.RemoveAll(dir)) }()
	srv, err := githubtest.Start(githubtest.Config{Dir: dir, Now: time.Now})
	check(err)
	defer func() { check(srv.Close()) }()

	check(srv.AddRepo("acme/fleet", githubtest.Files{"cohorts/canary.yaml": "kafka: 7.6.0\n"}))
	check(srv.Grant("acme/fleet", "ada", githubtest.Write))
	check(srv.Grant("acme/fleet", "grace", githubtest.Write))
	check(srv.Protect("acme/fleet", "main", &githubtest.Protection{Approvals: 1}))

	ada, grace := srv.As("ada"), srv.As("grace")
	_, err = ada.Push("acme/fleet", "new", githubtest.Change{Write: githubtest.Files{"cohorts/canary.yaml": "kafka: 7.6.1\n"}})
	check(err)
	number, err := ada.OpenPull("acme/fleet", "new", "main", "Canary to 7.6.1", "")
	check(err)
	_, err = ada.Merge("acme/fleet", number, githubtest.Squash)
	fmt.Println(err)
	_, err = grace.Approve("acme/fleet", number)
	check(err)
	_, err = ada.Merge("acme/fleet", number, githubtest.Squash)
	check(err)
	pull, err := srv.Pull("acme/fleet", number)
	check(err)
	fmt.Println(pull.Title, "is", pull.State, "by", pull.MergedBy)
	// Output:
	// merge pull request as ada: 405 At least 1 approving review is required by reviewers with write access.
	// Canary to 7.6.1 is merged by ada
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
