package slack

import (
	"context"
	"strconv"

	api "github.com/slack-go/slack"
)

// eventType marks the metadata of our messages.
const eventType = "wavegate_release"

const (
	pageSize = 200
	// maxPages bounds how much of a channel or of a thread is read.
	maxPages = 25
)

// thread is what was said about a topic.
type thread struct {
	ts     string // of the first message
	digest string // of what it shows
	read   bool   // said is known
	said   map[string]bool
	drift  string // the newest drift report that was said
	pinned bool   // the first message cannot be edited any more
}

func (t *thread) saw(key string) {
	t.said[key] = true
	if len(key) > 6 && key[:6] == "drift:" {
		t.drift = key
	}
}

// metadata says what a message is about: the key of a reply, or the digest of a
// first message.
func metadata(topic, key, digest string) api.SlackMetadata {
	payload := map[string]any{"release": topic}
	if key != "" {
		payload["said"] = key
	}
	if digest != "" {
		payload["digest"] = digest
	}
	return api.SlackMetadata{EventType: eventType, EventPayload: payload}
}

// field reads a text of a message's metadata. Anybody can write metadata of any
// kind, so the author is looked at, too.
func (r *Reporter) field(m *api.Message, name string) string {
	if m.Metadata.EventType != eventType || r.bot == "" || m.BotID != r.bot {
		return ""
	}
	s, _ := m.Metadata.EventPayload[name].(string)
	return s
}

// recall finds the threads in the channel, the newest of each topic.
func (r *Reporter) recall(ctx context.Context) error {
	if r.recalled {
		return nil
	}
	if r.bot == "" {
		err := r.call(ctx, "ask Slack who we are", func(ctx context.Context, c *api.Client) error {
			who, err := c.AuthTestContext(ctx)
			if err == nil {
				r.bot = who.BotID
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	params := api.GetConversationHistoryParameters{
		ChannelID: r.cfg.Channel, Limit: pageSize, IncludeAllMetadata: true,
		Oldest: strconv.FormatInt(r.cfg.Now().Add(-r.cfg.LookBack).Unix(), 10),
	}
	found := map[string]*thread{}
	for range maxPages {
		var answer *api.GetConversationHistoryResponse
		err := r.call(ctx, "read the Slack channel's history", func(ctx context.Context, c *api.Client) (err error) {
			answer, err = c.GetConversationHistoryContext(ctx, &params)
			return err
		})
		if refusal(err) == "missing_scope" {
			// To say a pause twice is better than not at all.
			r.cfg.Log.Error("cannot read what was said in Slack; after a restart it is said again", "error", err)
			break
		}
		if err != nil {
			return err
		}
		for i := range answer.Messages {
			m := &answer.Messages[i]
			topic := r.field(m, "release")
			if topic == "" || found[topic] != nil || r.field(m, "said") != "" || (m.ThreadTimestamp != "" && m.ThreadTimestamp != m.Timestamp) {
				continue
			}
			found[topic] = &thread{ts: m.Timestamp, digest: r.field(m, "digest"), said: map[string]bool{}}
		}
		params.Cursor = answer.ResponseMetaData.NextCursor
		if !answer.HasMore || params.Cursor == "" {
			break
		}
	}
	for topic, t := range found {
		if r.threads[topic] == nil {
			r.threads[topic] = t
		}
	}
	r.recalled = true
	return nil
}

// reread finds what was said in a thread.
func (r *Reporter) reread(ctx context.Context, t *thread) error {
	if t.read {
		return nil
	}
	params := api.GetConversationRepliesParameters{
		ChannelID: r.cfg.Channel, Timestamp: t.ts, Limit: pageSize, IncludeAllMetadata: true,
	}
	for range maxPages {
		var messages []api.Message
		var more bool
		err := r.call(ctx, "read a Slack thread", func(ctx context.Context, c *api.Client) (err error) {
			messages, more, params.Cursor, err = c.GetConversationRepliesContext(ctx, &params)
			return err
		})
		if refusal(err) == "missing_scope" {
			break
		}
		if err != nil {
			return err
		}
		for i := range messages {
			if key := r.field(&messages[i], "said"); key != "" {
				t.saw(key)
			}
		}
		if !more || params.Cursor == "" {
			break
		}
	}
	t.read = true
	return nil
}
