package report_test

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// fill sets every text in a report to s, wherever it is, and every number to 2.
func fill(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Int, reflect.Int64:
		v.SetInt(2)
	case reflect.Uint64:
		v.SetUint(2)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), s)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), s)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, s)
		fill(value, s)
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), s)
			}
		}
	default:
	}
}

// TestNoTextWhereverItIsCanPaintTheTerminal puts hostile text into every text of
// every report: names, versions and marks come from clusters, and reasons from
// anywhere. It must neither escape nor reorder nor hide, nor begin a line.
func TestNoTextWhereverItIsCanPaintTheTerminal(t *testing.T) {
	const harmless = "abcdefghij"
	hostile := "a\x1b[31m\u202e\u2028\u061c\U000E0041\n\r\x9b"
	for _, tt := range []struct {
		name   string
		report interface{ Text(p report.Paint) string }
	}{
		{"status", &report.Status{}},
		{"drift", &report.Drift{}},
		{"explanation", &report.Explanation{}},
		{"moment", &report.Moment{}},
		{"history", &report.History{}},
		{"preview", &report.Preview{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fill(reflect.ValueOf(tt.report).Elem(), harmless)
			want := strings.Count(tt.report.Text(nil), "\n")
			if want < 2 && tt.name != "history" {
				t.Fatalf("only %d lines", want)
			}
			fill(reflect.ValueOf(tt.report).Elem(), hostile)
			got := tt.report.Text(nil)
			for _, r := range strings.ReplaceAll(got, "\n", "") {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
					t.Fatalf("%U came through:\n%q", r, got)
				}
			}
			if n := strings.Count(got, "\n"); n != want {
				t.Errorf("%d lines, %d with harmless text:\n%s", n, want, got)
			}
		})
	}
}
