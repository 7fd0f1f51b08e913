//go:build !unix

package main

import "os"

var brakeSignals []os.Signal
