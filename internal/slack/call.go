package slack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	api "github.com/slack-go/slack"
)

const (
	// callTimeout bounds one call, whatever the HTTP client allows.
	callTimeout = 30 * time.Second
	// pace keeps writes apart: Slack takes about one message a second in a channel.
	pace = time.Second
	// firstWait and longestWait bound the time between two attempts.
	firstWait   = time.Second
	longestWait = 5 * time.Minute
)

// call does one thing at Slack. Its errors never hold the token.
func (r *Reporter) call(ctx context.Context, what string, do func(context.Context, *api.Client) error) error {
	token, err := r.cfg.Token()
	if err != nil {
		return fmt.Errorf("%s: read the token: %w", what, err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err = do(ctx, api.New(token, api.OptionAPIURL(r.cfg.BaseURL), api.OptionHTTPClient(r.cfg.HTTPClient)))
	if err == nil {
		return nil
	}
	return &callError{what: what, token: token, err: err}
}

// write is a call that is kept apart from the write before it.
func (r *Reporter) write(ctx context.Context, what string, do func(context.Context, *api.Client) error) error {
	if !r.spoke.IsZero() {
		if d := min(r.spoke.Add(pace).Sub(r.cfg.Now()), pace); d > 0 {
			if err := wait(ctx, d); err != nil {
				return err
			}
		}
	}
	err := r.call(ctx, what, do)
	r.spoke = r.cfg.Now()
	return err
}

// callError is what went wrong in a call.
type callError struct {
	what, token string
	err         error
}

func (e *callError) Error() string {
	text := e.what + ": " + e.err.Error()
	if hint := hints[refusal(e.err)]; hint != "" {
		text += ": " + hint
	}
	if e.token != "" {
		text = strings.ReplaceAll(text, e.token, "[token]")
	}
	return text
}

func (e *callError) Unwrap() error { return e.err }

// hints say what to do about what Slack answers.
var hints = map[string]string{
	"channel_not_found": "check the channel's ID, and invite the bot to a private channel",
	"invalid_auth":      "check the bot's token",
	"is_archived":       "the channel is archived; configure another",
	"missing_scope":     "give the app the scopes chat:write and channels:history (groups:history for a private channel)",
	"not_authed":        "the bot's token is empty",
	"not_in_channel":    "invite the bot to the channel",
	"token_revoked":     "give the bot a new token",
}

// refusal returns the word with which Slack refused a call, or nothing when it
// is not known what became of it.
func refusal(err error) string {
	var refused api.SlackErrorResponse
	if errors.As(err, &refused) {
		return refused.Err
	}
	return ""
}

// retryAfter returns for how long Slack wants to be left alone.
func retryAfter(err error) (time.Duration, bool) {
	var limited *api.RateLimitedError
	if errors.As(err, &limited) {
		return max(limited.RetryAfter, 0), true
	}
	return 0, false
}

// uncertain reports whether a call may have taken effect though it failed.
func uncertain(err error) bool {
	if err == nil {
		return false
	}
	word := refusal(err)
	_, limited := retryAfter(err)
	return !limited && (word == "" || word == "internal_error" || word == "fatal_error" || word == "request_timeout" || word == "service_unavailable")
}

// misfit reports whether Slack does not take this message, whoever says it when.
func misfit(err error) bool {
	switch refusal(err) {
	case "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "no_text",
		"invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large", "metadata_must_be_sent_from_app":
		return true
	default:
		return false
	}
}

// gone reports whether the message that was meant does not exist any more.
func gone(err error) bool {
	switch refusal(err) {
	case "message_not_found", "thread_not_found":
		return true
	default:
		return false
	}
}

// fixed reports whether the message that was meant cannot be edited any more.
func fixed(err error) bool {
	switch refusal(err) {
	case "cant_update_message", "edit_window_closed", "as_user_not_supported":
		return true
	default:
		return false
	}
}

// backoff returns how long to wait before the next attempt, the nth in a row:
// twice as long each time, half of it by chance.
func backoff(n int, err error) time.Duration {
	d := longestWait
	if n < 10 {
		d = min(firstWait<<max(n, 0), longestWait)
	}
	d = d/2 + rand.N(d/2)
	if after, ok := retryAfter(err); ok {
		// By chance a little longer than Slack asks for, never shorter.
		return after + rand.N(firstWait)
	}
	return d
}

// wait returns early, with an error, when the context ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
