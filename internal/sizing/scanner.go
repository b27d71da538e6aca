package sizing

import "time"

// OwnScanner is the name of the scanner of this project.
const OwnScanner = "s3_destination_records"

const (
	// scannedBlock is max_batch_bytes unless it is configured.
	scannedBlock = 256 << 10
	// pipeRead is what standard input has at once.
	pipeRead = 32 << 10
	// scannedWait stands for no wait at all: a batch is what is there.
	scannedWait = time.Millisecond
)

// scanned takes the settings of our scanner.
func (in *Input) scanned(conf map[string]any) {
	in.Kind, in.Scanned = OwnScanner, true
	in.Batching = Batching{Bytes: bytesOf(conf["max_batch_bytes"], scannedBlock), Period: scannedWait}
}

// piped takes into account that the scanner reads standard input: smaller
// batches, whose records have no metadata.
func (in *Input) piped() {
	in.Piped = true
	in.Batching.Bytes = min(in.Batching.Bytes, pipeRead)
}
