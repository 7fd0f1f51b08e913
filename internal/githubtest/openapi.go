package githubtest

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

//go:embed openapi.json.gz
var trimmed []byte

//go:embed operations.txt
var operations string

// document is GitHub's OpenAPI document.
type document struct {
	spec     *openapi3.T
	webhooks map[string]*openapi3.Schema // by name, as in pull-request-opened
}

// loadDocument reads the document once for all servers of the process: it is
// never changed, and reading it takes a tenth of a second.
var loadDocument = sync.OnceValues(func() (*document, error) {
	z, err := gzip.NewReader(bytes.NewReader(trimmed))
	if err != nil {
		return nil, fmt.Errorf("unpack GitHub's OpenAPI document: %w", err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("unpack GitHub's OpenAPI document: %w", err)
	}
	spec, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("read GitHub's OpenAPI document: %w", err)
	}
	var extra struct {
		Webhooks map[string]struct {
			Post struct {
				Body struct {
					Content map[string]struct {
						Schema struct {
							Ref string `json:"$ref"`
						} `json:"schema"`
					} `json:"content"`
				} `json:"requestBody"`
			} `json:"post"`
		} `json:"x-webhooks"`
	}
	if err := json.Unmarshal(data, &extra); err != nil {
		return nil, fmt.Errorf("read webhooks of GitHub's OpenAPI document: %w", err)
	}
	doc := &document{spec: spec, webhooks: map[string]*openapi3.Schema{}}
	for name, hook := range extra.Webhooks {
		ref := strings.TrimPrefix(hook.Post.Body.Content["application/json"].Schema.Ref, "#/components/schemas/")
		schema := spec.Components.Schemas[ref]
		if schema == nil {
			return nil, fmt.Errorf("read webhook %s of GitHub's OpenAPI document: it has no schema", name)
		}
		doc.webhooks[name] = schema.Value
	}
	return doc, nil
})

// checks are the options of every check.
func checks() *openapi3filter.Options {
	o := &openapi3filter.Options{
		AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc,
		SkipSettingDefaults: true,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{
			openapi3.EnableFormatValidation(),
			openapi3.WithStringFormatValidator("uri", openapi3.NewCallbackValidator(address)),
		},
	}
	o.WithCustomSchemaErrorFunc(brief)
	return o
}

func address(value string) error {
	u, err := url.Parse(value)
	if err != nil {
		return err
	}
	if u.Scheme == "" {
		return fmt.Errorf("%q is not an absolute address", value)
	}
	return nil
}

// brief says where a schema is violated without printing the schema.
func brief(err *openapi3.SchemaError) string {
	at := "/" + strings.Join(err.JSONPointer(), "/")
	if inner := err.Origin; inner != nil {
		return at + ": " + err.Reason + ": " + inner.Error()
	}
	return at + ": " + err.Reason
}

// checkRequest says how a request breaks the document.
func (d *document) checkRequest(req *http.Request, rt route, params map[string]string, body []byte) (*openapi3filter.RequestValidationInput, error) {
	params, body = asDocumented(rt, params, body)
	req = req.Clone(req.Context())
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, QueryParams: req.URL.Query(), Options: checks(),
		Route: &routers.Route{Spec: d.spec, Path: rt.template, PathItem: rt.item, Method: rt.method, Operation: rt.operation},
	}
	return in, openapi3filter.ValidateRequest(req.Context(), in)
}

// checkResponse says how an answer breaks the document. Errors that the
// operation does not list have the shape of all other errors.
func (d *document) checkResponse(ctx context.Context, in *openapi3filter.RequestValidationInput, status int, header http.Header, body []byte) error {
	if in.Route.Operation.Responses.Status(status) == nil && status != http.StatusNotModified {
		if status < 400 {
			return fmt.Errorf("status %d is not one that this operation answers", status)
		}
		return d.checkSchema("basic-error", body)
	}
	if strings.HasPrefix(header.Get("Content-Type"), "application/vnd.github.") {
		return nil // a diff, a patch or an id: GitHub documents them as any text
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: status, Header: header, Options: in.Options,
	}
	if len(body) > 0 {
		out.SetBodyBytes(body)
	} else {
		out.Body = http.NoBody
	}
	err := openapi3filter.ValidateResponse(ctx, out)
	if status >= 400 && errors.Is(err, openapi3.ErrOneOfConflict) {
		return nil // the shapes of errors are so loose that one fits several
	}
	return err
}

func (d *document) checkSchema(name string, body []byte) error {
	ref := d.spec.Components.Schemas[name]
	if ref == nil {
		return fmt.Errorf("GitHub's OpenAPI document has no schema %s", name)
	}
	return visit(ref.Value, body)
}

// checkWebhook says how the payload of a webhook breaks the document.
func (d *document) checkWebhook(name string, body []byte) error {
	schema := d.webhooks[name]
	if schema == nil {
		return fmt.Errorf("operations.txt has no webhook %s", name)
	}
	if err := visit(schema, body); err != nil {
		return fmt.Errorf("webhook %s: %w", name, err)
	}
	return nil
}

func visit(schema *openapi3.Schema, body []byte) error {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	err := schema.VisitJSON(v, append(checks().SchemaValidationOptions, openapi3.VisitAsResponse())...)
	var broken *openapi3.SchemaError
	if errors.As(err, &broken) {
		return errors.New(brief(broken))
	}
	return err
}
