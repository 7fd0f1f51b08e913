package githubtest

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// route is an operation of the API.
type route struct {
	method, template string
	pattern          *regexp.Regexp
	names            []string // of the pattern's groups
	item             *openapi3.PathItem
	operation        *openapi3.Operation
	handle           handler
}

// multi are the path parameters that contain slashes.
var multi = map[string]bool{"ref": true, "branch": true, "basehead": true}

// table joins the handlers with GitHub's document.
func (s *Server) table() ([]route, error) {
	var routes []route
	parameter := regexp.MustCompile(`\\\{([a-z_]+)\\\}`)
	for name, handle := range handlers() {
		method, template, _ := strings.Cut(name, " ")
		item := s.doc.spec.Paths.Value(template)
		if item == nil || item.GetOperation(method) == nil {
			return nil, fmt.Errorf("build routes: GitHub's OpenAPI document has no %s: add it to operations.txt and trim again", name)
		}
		rt := route{method: method, template: template, item: item, operation: item.GetOperation(method), handle: handle}
		pattern := parameter.ReplaceAllStringFunc(regexp.QuoteMeta(template), func(m string) string {
			param := parameter.FindStringSubmatch(m)[1]
			rt.names = append(rt.names, param)
			switch {
			case param == "path": // empty for the root of the repository
				return "(.*)"
			case multi[param]:
				return "(.+)"
			}
			return "([^/]+)"
		})
		rt.pattern = regexp.MustCompile("^" + pattern + "$")
		routes = append(routes, rt)
	}
	// The more of a path is literal, the earlier it is tried.
	slices.SortFunc(routes, func(a, b route) int {
		if d := strings.Count(a.template, "{") - strings.Count(b.template, "{"); strings.Count(a.template, "/") == strings.Count(b.template, "/") && d != 0 {
			return d
		}
		if d := strings.Count(b.template, "/") - strings.Count(a.template, "/"); d != 0 {
			return d
		}
		return strings.Compare(a.template+" "+a.method, b.template+" "+b.method)
	})
	return routes, nil
}

// find finds the route of a request.
func (s *Server) find(method, path string) (route, map[string]string, bool) {
	for _, rt := range s.routes {
		if rt.method != method {
			continue
		}
		groups := rt.pattern.FindStringSubmatch(path)
		if groups == nil {
			continue
		}
		params := map[string]string{}
		for i, name := range rt.names {
			value, err := url.PathUnescape(groups[i+1])
			if err != nil {
				return route{}, nil, false
			}
			params[name] = value
		}
		return rt, params, true
	}
	return route{}, nil, false
}
