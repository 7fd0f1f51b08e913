package slack

import (
	"errors"
	"strings"
	"testing"
	"time"

	api "github.com/slack-go/slack"
)

func TestAnErrorNeverHoldsTheTokenAndSaysWhatToDo(t *testing.T) {
	leak := &callError{what: "say something in Slack", token: testToken, err: errors.New("Post ?token=" + testToken)}
	if strings.Contains(leak.Error(), testToken) {
		t.Errorf("the token is in %q", leak)
	}
	refused := &callError{what: "say something in Slack", err: api.SlackErrorResponse{Err: "not_in_channel"}}
	if !strings.Contains(refused.Error(), "invite the bot") {
		t.Errorf("nobody knows what to do about %q", refused)
	}
}

func TestTheTimeBetweenAttemptsGrowsToItsBound(t *testing.T) {
	for n := range 100 {
		d := backoff(n, errors.New("no answer"))
		if d < firstWait/2 || d > longestWait || (n > 9 && d < longestWait/2) {
			t.Errorf("attempt %d waits %s", n, d)
		}
	}
	if d := backoff(0, &api.RateLimitedError{RetryAfter: time.Hour}); d < time.Hour {
		t.Errorf("Slack asked for an hour and got %s", d)
	}
}
