//go:build !unix

package simfleet

import "os"

// lockFile opens the lock file. On this system nothing keeps a second process
// out.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
}

// unlockFile closes the lock file.
func unlockFile(file *os.File) error { return file.Close() }

// syncDir does nothing: directories cannot be synced on this system.
func syncDir(string) error { return nil }
