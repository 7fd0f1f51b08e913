package githubtest

import (
	"bytes"
	"maps"
	"slices"
)

// asDocumented turns a request that GitHub answers although its document does
// not allow it, and that go-github sends, into the one that the document means.
// Only the check sees it. There are three:
//
//   - a body that is null, which is no body;
//   - labels as a list instead of an object with the list in it;
//   - the contents of the root, whose path is empty.
func asDocumented(rt route, params map[string]string, body []byte) (map[string]string, []byte) {
	body = bytes.TrimSpace(body)
	if bytes.Equal(body, []byte("null")) {
		body = nil
	}
	if bytes.HasPrefix(body, []byte("[")) && rt.template == "/repos/{owner}/{repo}/issues/{issue_number}/labels" {
		body = slices.Concat([]byte(`{"labels":`), body, []byte("}"))
	}
	if path, given := params["path"]; given && path == "" {
		params = maps.Clone(params)
		params["path"] = "/"
	}
	return params, body
}
