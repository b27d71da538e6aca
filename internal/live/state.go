package live

import "time"

// Format is the number of the form of the document. A new one is for what readers of
// the old one would misunderstand.
const Format = 1

// Head is how many partitions are shown of those that are oldest, and of those that
// are fullest.
const Head = 20

// State is what the process does now.
type State struct {
	// Format is [Format].
	Format int `json:"format"`
	// Version is that of the program, At when it was asked, Started when it began.
	Version string    `json:"version"`
	At      time.Time `json:"at"`
	Started time.Time `json:"started"`
	// Memory is what the process has from the system, in bytes, and MemoryLimit from
	// where on the garbage collector works harder; 0 for none.
	Memory      int64    `json:"memory_bytes"`
	MemoryLimit int64    `json:"memory_limit_bytes"`
	Outputs     []Output `json:"outputs"`
	Inputs      []Input  `json:"inputs"`
}

// Output is one output.
type Output struct {
	Name
	// Destination is where objects go, Places the prefixes of what is written.
	Destination string   `json:"destination"`
	Places      []string `json:"places"`
	FileFormat  string   `json:"file_format"`
	Health      Health   `json:"health"`
	// Arrived are records that the output was given, with those that it was given
	// again; the rate is that of the last ten seconds.
	Arrived          int64   `json:"arrived_records"`
	ArrivedPerSecond float64 `json:"arrived_records_per_second"`
	// Records are in Objects of so many Bytes, which have landed; rates are those of
	// the last minute.
	Records          int64    `json:"stored_records"`
	RecordsPerSecond float64  `json:"stored_records_per_second"`
	Objects          int64    `json:"objects"`
	Bytes            int64    `json:"stored_bytes"`
	BytesPerSecond   float64  `json:"stored_bytes_per_second"`
	Rolled           []Rolled `json:"rolled"`
	// Of bad records, DeadLetters are stored apart, Dropped are not stored, and
	// Rejected were given back, each time that they came. Bad says why.
	DeadLetters int64 `json:"dead_letters"`
	Dropped     int64 `json:"dropped"`
	Rejected    int64 `json:"rejected"`
	Bad         []Bad `json:"bad"`
	// Batches wait to be stored, or to be on disk where there is a spool. Oldest is
	// how long ago the oldest record arrived that is not stored; 0 without any.
	Batches int     `json:"waiting_batches"`
	Oldest  float64 `json:"oldest_record_seconds"`
	MaxAge  float64 `json:"max_age_seconds"`
	// Held counts against Limit.
	Held  int64 `json:"held_bytes"`
	Limit int64 `json:"memory_limit_bytes"`
	// Cap is the largest size of an object; 0 for none.
	Cap    int64  `json:"max_file_size_bytes"`
	Chunks Chunks `json:"chunks"`
	// Partitions are the oldest and the fullest, the oldest first.
	Partitions []Partition `json:"partitions"`
	Spool      *Spool      `json:"spool,omitempty"`
}

// Name is which component of which configuration it is.
type Name struct {
	Stream string `json:"stream,omitempty"` // of streams mode
	Label  string `json:"label,omitempty"`
	Path   string `json:"path"`
}

// Health is what is known of the destination.
type Health struct {
	// State is unchecked, healthy, unhealthy, or off where there is no check.
	State string `json:"state"`
	// Since is when that began, and Checked when a check succeeded last; zero where
	// that is not known.
	Since   time.Time `json:"since,omitzero"`
	Checked time.Time `json:"last_success,omitzero"`
	// Class and Error are why it is unhealthy.
	Class string `json:"class,omitempty"`
	Error string `json:"error,omitempty"`
}

// Rolled is how many objects ended for a reason.
type Rolled struct {
	Reason  string `json:"reason"`
	Objects int64  `json:"objects"`
}

// Bad is a reason for which records were no good.
type Bad struct {
	Reason  string `json:"reason"`
	Records int64  `json:"records"`
}

// Chunks counts what becomes objects, by what is done with it.
type Chunks struct {
	Open      int `json:"open"`
	Sealed    int `json:"waiting_for_encoder"`
	Encoding  int `json:"encoding"`
	Encoded   int `json:"waiting_for_upload"`
	Uploading int `json:"uploading"`
	// UploadLimit is how many may be uploaded at once at present.
	UploadLimit int `json:"upload_limit"`
	// Refused are partitions whose objects the store does not accept.
	Refused int `json:"refused"`
	// Fill counts the open ones by tenths of the size cap that they fill.
	Fill [10]int `json:"fill"`
}

// Partition is one of the partitions that are shown.
type Partition struct {
	// Name is the path with placeholders for what differs from object to object.
	Name       string `json:"name"`
	DeadLetter bool   `json:"dead_letter,omitempty"`
	// State is what is done with it.
	State   string `json:"state"`
	Records int64  `json:"records"`
	// Bytes is the expected size of the object, Fill the part of the cap from 0 to 1.
	Bytes int64   `json:"expected_bytes"`
	Fill  float64 `json:"fill"`
	// Age is that of its oldest record.
	Age float64 `json:"oldest_record_seconds"`
	// Refusal is why the store does not accept its objects.
	Refusal string `json:"refusal,omitempty"`
}

// Spool is what the spool holds, in bytes.
type Spool struct {
	Journal int64 `json:"journal_bytes"`
	Spill   int64 `json:"spill_bytes"`
	Outbox  int64 `json:"outbox_bytes"`
	Limit   int64 `json:"max_size_bytes"`
	// Objects wait in the outbox.
	Objects int `json:"outbox_objects"`
	// Full: the disk has no room.
	Full bool `json:"full"`
}

// Taken is how much of the disk it takes, in bytes.
func (s *Spool) Taken() int64 { return s.Journal + s.Spill + s.Outbox }

// Input is one input from Kafka.
type Input struct {
	Name
	Group string `json:"group"`
	// Assigned are partitions of Kafka; Lag is how many records of them are not
	// stored, and Behind those that are furthest behind.
	Assigned int      `json:"assigned"`
	Lag      int64    `json:"lag"`
	Behind   []Behind `json:"behind"`
	// Batches are under way, and Held is what they and what was read ahead take.
	Batches int   `json:"batches"`
	Held    int64 `json:"held_bytes"`
}

// Behind is a partition of Kafka.
type Behind struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Lag       int64  `json:"lag"`
}

// AnyRefused reports whether the store refuses objects of some partitions.
func (o *Output) AnyRefused() bool { return o.Chunks.Refused > 0 }

// AnyBad reports whether records were no good.
func (o *Output) AnyBad() bool { return o.DeadLetters+o.Dropped+o.Rejected > 0 }
