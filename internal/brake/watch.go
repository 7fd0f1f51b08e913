package brake

import (
	"context"
	"time"
)

// Every is how often the file is looked for between two cycles.
const Every = time.Second

// Watch calls halt soon after the brake was pulled, until the context ends.
// pulled asks for a look now.
func (b *Brake) Watch(ctx context.Context, pulled <-chan struct{}, halt func()) {
	ticker := time.NewTicker(Every)
	defer ticker.Stop()
	was := false
	for {
		_, is := b.Pulled()
		if is && !was {
			halt()
		}
		was = is
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-pulled:
			was = false
		}
	}
}
