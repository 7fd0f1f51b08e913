//go:build unix

package main

import (
	"os"
	"syscall"
)

var brakeSignals = []os.Signal{syscall.SIGUSR1}
