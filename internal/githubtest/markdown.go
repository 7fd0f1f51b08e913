package githubtest

import (
	"bytes"
	"html"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	gmtext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown returns a function that renders comments: GitHub's Markdown, without
// addresses that run something, and of HTML only what harmless lets through.
func markdown() func(string) (template.HTML, error) {
	md := goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(alerts{}, 100))),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(tags{}, 100))),
	)
	return func(source string) (template.HTML, error) {
		var b bytes.Buffer
		err := md.Convert([]byte(source), &b)
		return template.HTML(b.String()), err
	}
}

// tags renders the HTML in Markdown.
type tags struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (tags) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindHTMLBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		block := n.(*ast.HTMLBlock)
		var b strings.Builder
		for i := range block.Lines().Len() {
			line := block.Lines().At(i)
			b.Write(line.Value(source))
		}
		if block.HasClosure() {
			b.Write(block.ClosureLine.Value(source))
		}
		_, err := w.WriteString(harmless(b.String()))
		return ast.WalkContinue, err
	})
	r.Register(ast.KindRawHTML, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkSkipChildren, nil
		}
		var b strings.Builder
		segments := n.(*ast.RawHTML).Segments
		for i := range segments.Len() {
			segment := segments.At(i)
			b.Write(segment.Value(source))
		}
		_, err := w.WriteString(harmless(b.String()))
		return ast.WalkSkipChildren, err
	})
}

var (
	remark  = regexp.MustCompile(`(?s)<!--.*?-->`)
	allowed = regexp.MustCompile(`(?i)<(/?(?:details|summary|br|hr|p|b|i|em|strong|code|kbd|sub|sup))\s*/?>`)
)

// harmless keeps tags without attributes that people fold and shape their
// comments with, drops remarks and shows everything else as text.
func harmless(source string) string {
	source = remark.ReplaceAllString(source, "")
	var b strings.Builder
	at := 0
	for _, tag := range allowed.FindAllStringSubmatchIndex(source, -1) {
		b.WriteString(html.EscapeString(source[at:tag[0]]))
		b.WriteString("<" + strings.ToLower(source[tag[2]:tag[3]]) + ">")
		at = tag[1]
	}
	b.WriteString(html.EscapeString(source[at:]))
	return b.String()
}

// alerts marks quotes that begin with [!NOTE] and its like, as GitHub does.
type alerts struct{}

// Transform implements parser.ASTTransformer.
func (alerts) Transform(doc *ast.Document, reader gmtext.Reader, _ parser.Context) {
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		quote, ok := n.(*ast.Blockquote)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		first, ok := quote.FirstChild().(*ast.Paragraph)
		if !ok || first.Lines().Len() == 0 {
			return ast.WalkContinue, nil
		}
		line := first.Lines().At(0)
		found := alert.FindSubmatch(bytes.TrimSpace(line.Value(reader.Source())))
		if found == nil {
			return ast.WalkContinue, nil
		}
		quote.SetAttributeString("class", "alert "+strings.ToLower(string(found[1])))
		for at := first.FirstChild(); at != nil; {
			next := at.NextSibling()
			words, isText := at.(*ast.Text)
			first.RemoveChild(first, at)
			if isText && (words.SoftLineBreak() || words.HardLineBreak()) {
				break
			}
			at = next
		}
		if first.FirstChild() == nil {
			quote.RemoveChild(quote, first)
		}
		return ast.WalkContinue, nil
	})
}

var alert = regexp.MustCompile(`^\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]$`)
