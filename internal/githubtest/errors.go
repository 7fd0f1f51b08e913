package githubtest

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// Error is a refusal, as the API answers it and as hands return it.
type Error struct {
	// Status is the HTTP status.
	Status int
	// Message is GitHub's message.
	Message string
	// Address explains it; empty means GitHub's front page of the API.
	Address string
	// Errors are the details of a 422: strings or objects.
	Errors []any
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", e.Status, e.Message)
	for _, detail := range e.Errors {
		fmt.Fprintf(&b, "; %v", detail)
	}
	return b.String()
}

func (e *Error) body() object {
	body := object{
		"message": e.Message, "status": fmt.Sprint(e.Status),
		"documentation_url": cmp.Or(e.Address, "https://docs.github.com/rest"),
	}
	if len(e.Errors) > 0 {
		body["errors"] = e.Errors
	}
	return body
}

func unauthenticated() error {
	return &Error{Status: http.StatusUnauthorized, Message: "Requires authentication"}
}

func notFound() error { return &Error{Status: http.StatusNotFound, Message: "Not Found"} }

func forbidden(message string) error { return &Error{Status: http.StatusForbidden, Message: message} }

// refused is a 422 whose details are sentences.
func refused(message string, details ...string) error {
	e := &Error{Status: http.StatusUnprocessableEntity, Message: message}
	for _, d := range details {
		e.Errors = append(e.Errors, d)
	}
	return e
}

// invalid is a 422 about one field.
func invalid(resource, field, code, message string) error {
	detail := object{"resource": resource, "field": field, "code": code}
	if message != "" {
		detail["message"] = message
	}
	return &Error{Status: http.StatusUnprocessableEntity, Message: "Validation Failed", Errors: []any{detail}}
}
