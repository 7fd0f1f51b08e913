package slack

import (
	"context"
	"slices"
	"strings"

	api "github.com/slack-go/slack"
)

// Run says what Report took, in order, until the context ends. It tries again for
// as long as Slack does not answer. It is run once.
func (r *Reporter) Run(ctx context.Context) {
	for failed := 0; ctx.Err() == nil; {
		p := r.next()
		if p == nil {
			select {
			case <-ctx.Done():
			case <-r.wake:
			}
			continue
		}
		err := r.deliver(ctx, p)
		if ctx.Err() != nil {
			return
		}
		r.note(p, err)
		if err == nil {
			failed = 0
			continue
		}
		if wait(ctx, backoff(failed, err)) != nil {
			return
		}
		failed++
	}
}

func (r *Reporter) next() *page {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.queue.first()
}

// note takes down how a delivery went. Only the first of several failures is
// logged and told.
func (r *Reporter) note(p *page, err error) {
	r.mu.Lock()
	if err == nil {
		r.queue.done(p)
	}
	before := r.failing
	r.failing = err != nil
	if r.failing && !before {
		r.trouble = err
	}
	r.mu.Unlock()
	switch {
	case err != nil && !before:
		r.cfg.Log.Warn("cannot say in Slack what was decided; trying again", "topic", p.topic, "error", err)
	case err == nil && before:
		r.cfg.Log.Info("Slack answers again", "topic", p.topic)
	}
}

// deliver brings a topic's thread up to date: what is new is said below the first
// message, and then the first message shows the newest state. In this order a
// first message that shows it proves that all was said.
func (r *Reporter) deliver(ctx context.Context, p *page) error {
	if err := r.recall(ctx); err != nil {
		return err
	}
	first := r.first(p)
	t := r.threads[p.topic]
	if t == nil {
		if !p.begun && !slices.ContainsFunc(p.news, isPause) {
			return nil
		}
		var err error
		if t, err = r.begin(ctx, p, first); err != nil {
			return err
		}
	}
	if t.digest == first.digest && !slices.ContainsFunc(p.news, func(n news) bool {
		return isPause(n) && (p.paused == nil || n.key != pauseKey(p.paused))
	}) {
		return nil
	}
	err := r.reread(ctx, t)
	if err == nil {
		err = r.sayNews(ctx, p, t)
	}
	if err == nil {
		err = r.edit(ctx, p, t, first)
	}
	if gone(err) {
		// Somebody deleted it: the next attempt begins another.
		delete(r.threads, p.topic)
	}
	return err
}

// begin posts the first message.
func (r *Reporter) begin(ctx context.Context, p *page, first message) (*thread, error) {
	t := &thread{read: true, said: map[string]bool{}}
	if len(p.news) == 0 {
		t.digest = first.digest
	}
	ts, err := r.post(ctx, first, metadata(p.topic, "", t.digest))
	if uncertain(err) {
		r.recalled = false // look whether it is there before it is said again
	}
	if err != nil {
		return nil, err
	}
	t.ts = ts
	r.threads[p.topic] = t
	return t, nil
}

func (r *Reporter) sayNews(ctx context.Context, p *page, t *thread) error {
	for _, n := range p.toSay(t) {
		if t.said[n.key] && n.kind != newsDrift {
			continue
		}
		options := []api.MsgOption{api.MsgOptionTS(t.ts)}
		if isPause(n) {
			options = append(options, api.MsgOptionBroadcast())
		}
		_, err := r.post(ctx, r.reply(p, &n), metadata(p.topic, n.key, ""), options...)
		if uncertain(err) {
			t.read = false // look whether it is there before it is said again
		}
		if err != nil {
			return err
		}
		t.saw(n.key)
	}
	return nil
}

// toSay returns the page's news and the ends of all pauses that were said and are
// over.
func (p *page) toSay(t *thread) []news {
	ended := func(key string) bool {
		return (p.paused == nil || key != pauseKey(p.paused)) && !t.said[resumedKey(key)]
	}
	end := func(key string) news { return news{key: resumedKey(key), kind: newsResumed, by: p.resumedBy} }
	var out []news
	var before []string
	for key := range t.said {
		if strings.HasPrefix(key, "paused:") && ended(key) {
			before = append(before, key)
		}
	}
	slices.Sort(before)
	for _, key := range before {
		out = append(out, end(key))
	}
	for _, n := range p.news {
		if n.kind == newsDrift && n.key == t.drift {
			continue
		}
		out = append(out, n)
		if isPause(n) && !t.said[n.key] && ended(n.key) {
			out = append(out, end(n.key))
		}
	}
	return out
}

// edit makes the first message show the newest state.
func (r *Reporter) edit(ctx context.Context, p *page, t *thread, first message) error {
	if t.pinned || t.digest == first.digest {
		return nil
	}
	update := func(m message) error {
		return r.write(ctx, "edit a message in Slack", func(ctx context.Context, c *api.Client) error {
			_, _, _, err := c.UpdateMessageContext(ctx, r.cfg.Channel, t.ts,
				append(m.options(), api.MsgOptionMetadata(metadata(p.topic, "", first.digest)))...)
			return err
		})
	}
	err := update(first)
	if misfit(err) {
		err = update(first.plain())
	}
	if fixed(err) || misfit(err) {
		r.cfg.Log.Warn("a message in Slack stays as it is", "topic", p.topic, "error", err)
		t.pinned, err = true, nil
	}
	if err == nil {
		t.digest = first.digest
	}
	return err
}

// post says something. What Slack does not take with blocks is said as text.
func (r *Reporter) post(ctx context.Context, m message, meta api.SlackMetadata, more ...api.MsgOption) (ts string, err error) {
	send := func(m message) error {
		return r.write(ctx, "say something in Slack", func(ctx context.Context, c *api.Client) (err error) {
			_, ts, err = c.PostMessageContext(ctx, r.cfg.Channel, append(append(m.options(), api.MsgOptionMetadata(meta)), more...)...)
			return err
		})
	}
	err = send(m)
	if misfit(err) {
		r.cfg.Log.Error("Slack does not take a message; it is said without its form", "error", err)
		err = send(m.plain())
	}
	return ts, err
}
