package commands

import "os"

// keepOwner leaves the owner to the folder, from which files have their rights.
func keepOwner(*os.File, os.FileInfo) error { return nil }
