//go:build !unix

package brake

import "io/fs"

func owner(fs.FileInfo) string { return "" }
