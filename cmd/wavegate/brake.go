package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/wavegate-dev/wavegate/internal/brake"
)

// brakeHelp says how everything is paused when nothing else works.
const brakeHelp = `When nothing else works, everything is paused by a file or a signal:

  echo 'disk is full' > STATE/PAUSE     the file's text is the reason; that it is
                                        there is what counts
  kill -USR1 PID                        the same, once

Both need neither git, GitHub, the socket nor the ledger's disk, and take effect
within a second. To go on: remove the file, then 'wavegate resume'.`

// brake returns the brake of a state folder.
func (d stateDir) brake() (*brake.Brake, error) {
	return brake.New(brake.Config{Dir: string(d), Resume: ", then `wavegate resume`"})
}

// watchBrake lets a signal pull the brake, and halt as soon as it is pulled.
func watchBrake(ctx context.Context, b *brake.Brake, halt func(), log *slog.Logger) {
	signals, pulled := make(chan os.Signal, 1), make(chan struct{}, 1)
	if len(brakeSignals) > 0 {
		signal.Notify(signals, brakeSignals...)
	}
	go b.Watch(ctx, pulled, halt)
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-signals:
				log.Warn("everything is paused by a signal", "signal", s.String())
				b.Signal("signal SIGUSR1", time.Now())
				select {
				case pulled <- struct{}{}:
				default:
				}
			}
		}
	}()
}
