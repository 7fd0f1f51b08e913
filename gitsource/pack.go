package gitsource

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// errNoBranch tells that the watched branch is not there.
var errNoBranch = errors.New("no such branch")

// errNotByName tells that the server gives out branches only.
var errNotByName = errors.New("the server does not give out commits by their names")

// few is how many objects a step forward may have: when there are more, to
// begin anew with the newest commit alone takes less.
const few = 50_000

// pull is one fetch.
type pull struct {
	into  *vault
	have  plumbing.Hash // a commit that is there already, or zero
	want  plumbing.Hash // a commit by its name; the branch when zero
	depth int           // 0: all that is new
}

// download brings the branch, or the commit that is wanted, into a vault and
// returns the branch's head.
func (r *remote) download(ctx context.Context, p pull) (plumbing.Hash, error) {
	session, err := r.session(ctx)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	defer func() { _ = session.Close() }()
	refs, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return plumbing.ZeroHash, r.clean(ctx, "list branches", err)
	}
	head, ok := refs.References["refs/heads/"+r.cfg.Branch]
	if !ok {
		return plumbing.ZeroHash, r.noBranch(refs)
	}
	req := packp.NewUploadPackRequestFromCapabilities(refs.Capabilities)
	switch {
	case !p.want.IsZero():
		if !refs.Capabilities.Supports(capability.AllowReachableSHA1InWant) {
			return plumbing.ZeroHash, errNotByName
		}
		req.Wants = []plumbing.Hash{p.want}
	case head == p.have && p.depth == 0:
		return head, nil
	default:
		req.Wants = []plumbing.Hash{head}
	}
	if !p.have.IsZero() {
		req.Haves = []plumbing.Hash{p.have}
	}
	if p.depth > 0 {
		req.Depth = packp.DepthCommits(p.depth)
	}
	if err := r.shallow(req, refs, p); err != nil {
		return plumbing.ZeroHash, err
	}
	if refs.Capabilities.Supports(capability.NoProgress) {
		if err := req.Capabilities.Set(capability.NoProgress); err != nil {
			return plumbing.ZeroHash, fmt.Errorf("ask git server: %w", err)
		}
	}
	res, err := session.UploadPack(ctx, req)
	if errors.Is(err, transport.ErrEmptyUploadPackRequest) {
		return head, nil
	}
	if err != nil {
		return plumbing.ZeroHash, r.clean(ctx, "fetch", err)
	}
	defer func() { _ = res.Close() }()
	if err := r.store(ctx, p, req, res); err != nil {
		return plumbing.ZeroHash, err
	}
	return head, nil
}

func (r *remote) noBranch(refs *packp.AdvRefs) error {
	var names []string
	for name := range refs.References {
		if b, ok := strings.CutPrefix(name, "refs/heads/"); ok && len(names) < 5 {
			names = append(names, b)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("fetch: the repository at %s is empty: %w", redact(r.cfg.URL), errNoBranch)
	}
	return fmt.Errorf("fetch: %s has no branch %q, only such as %s: %w", redact(r.cfg.URL), r.cfg.Branch, strings.Join(names, ", "), errNoBranch)
}

// shallow tells the server where history ends on this side.
func (r *remote) shallow(req *packp.UploadPackRequest, refs *packp.AdvRefs, p pull) error {
	shallows, err := p.into.Shallow()
	if err != nil {
		return fmt.Errorf("read git cache: %w", err)
	}
	if p.depth == 0 && len(shallows) == 0 {
		return nil
	}
	if !refs.Capabilities.Supports(capability.Shallow) {
		req.Depth = packp.DepthCommits(0)
		return nil
	}
	if !p.have.IsZero() {
		req.Shallows = shallows
	}
	if err := req.Capabilities.Set(capability.Shallow); err != nil {
		return fmt.Errorf("ask git server: %w", err)
	}
	return nil
}

// store writes the objects of an answer.
func (r *remote) store(ctx context.Context, p pull, req *packp.UploadPackRequest, res *packp.UploadPackResponse) error {
	shallows, err := p.into.Shallow()
	if err != nil {
		return fmt.Errorf("read git cache: %w", err)
	}
	var pack io.Reader = res
	switch {
	case req.Capabilities.Supports(capability.Sideband):
		pack = sideband.NewDemuxer(sideband.Sideband, res)
	case req.Capabilities.Supports(capability.Sideband64k):
		pack = sideband.NewDemuxer(sideband.Sideband64k, res)
	}
	i := inspector{limits: r.cfg.Limits}
	if !p.have.IsZero() && p.depth == 0 {
		i.few = few
	}
	arriving := &bounded{ctx: ctx, next: pack, left: r.cfg.Limits.Bytes}
	pack, finding := i.inspected(bufio.NewReaderSize(arriving, 64<<10))
	err = p.into.add(pack)
	// What went wrong while it arrived, or what the inspector found, is why the
	// rest failed.
	if arriving.err != nil {
		_ = finding()
		return r.clean(ctx, "fetch", arriving.err)
	}
	if found := finding(); found != nil && !errors.Is(found, packfile.ErrEmptyPackfile) {
		return r.clean(ctx, "fetch", orCorrupt(found))
	}
	if err != nil && !errors.Is(err, packfile.ErrEmptyPackfile) {
		return r.clean(ctx, "fetch", orCorrupt(err))
	}
	if len(res.Shallows) > 0 || len(res.Unshallows) > 0 {
		return setShallows(p.into, shallows, res)
	}
	return nil
}

func orCorrupt(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the answer is cut off")
	}
	return err
}

func setShallows(into storer.ShallowStorer, known []plumbing.Hash, res *packp.UploadPackResponse) error {
	set := map[plumbing.Hash]bool{}
	for _, h := range known {
		set[h] = true
	}
	for _, h := range res.Shallows {
		set[h] = true
	}
	for _, h := range res.Unshallows {
		delete(set, h)
	}
	all := make([]plumbing.Hash, 0, len(set))
	for h := range set {
		all = append(all, h)
	}
	plumbing.HashesSort(all)
	if err := into.SetShallow(all); err != nil {
		return fmt.Errorf("write git cache: %w", err)
	}
	return nil
}

// bounded is a reader that ends when its context does, and after a number of
// bytes.
type bounded struct {
	ctx  context.Context
	next io.Reader
	left int64
	err  error // why it ended, when it was not the end of what it reads
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

func (b *bounded) read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.next.Read(p)
	b.left -= int64(n)
	return n, err
}
