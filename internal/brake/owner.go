//go:build unix

package brake

import (
	"io/fs"
	"strconv"
	"syscall"
)

// owner names who owns the file by the number of the user: names may have to be
// asked for over a network.
func owner(info fs.FileInfo) string {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return "uid:" + strconv.FormatUint(uint64(s.Uid), 10)
	}
	return ""
}
