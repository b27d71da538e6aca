package output

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/deadletter"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Config is a validated configuration of the output.
type Config struct {
	store       store.Config
	layout      *template.Layout
	partition   partition.Config
	format      format
	columns     *source.Columns // nil for none
	trust       source.Trust    // in coordinates of records
	ranged      bool            // names contain {{source_range}}
	chunks      chunk.Config
	deadLetters *deadletter.Folder
	health      healthConfig
	encoders    int
	maxInFlight int
	// autoInFlight says that maxInFlight is derived from the memory limit and
	// the input.
	autoInFlight bool
	batching     service.BatchPolicy
	warnings     []string
}

type healthConfig struct {
	enabled           bool
	interval, timeout time.Duration
	size              int64 // of the temporary object, in bytes
}

// maxProbe is the largest temporary object, in bytes.
const maxProbe = 100 << 20

// noLimit stands for max_file_size 0: the largest object of S3.
const noLimit = 5 << 40

// largest is the size of the largest object of data, but for single records.
func (c *Config) largest() int64 {
	if c.chunks.MaxFileSize > 0 {
		return c.chunks.MaxFileSize
	}
	return noLimit
}

// probe is what the health check writes, and finds out.
func (c *Config) probe(label string) health.ProbeConfig {
	return health.ProbeConfig{
		Prefix: c.layout.StaticPrefix(), Label: label, Size: c.health.size,
		Prove: c.store.Conditions == store.ProveConditions, Largest: c.largest(),
	}
}

// ParseConfig reads and validates a configuration. The error names every
// mistake; what is merely doubtful is in the second result.
func ParseConfig(conf *service.ParsedConfig) (*Config, []string, error) {
	r := &reader{conf: conf}
	columns := r.columns()
	c := &Config{
		store:       r.store(),
		format:      r.format(columns),
		columns:     columns,
		trust:       r.trust(),
		encoders:    r.encoders(),
		maxInFlight: r.inFlight(),
		health: healthConfig{
			enabled:  r.flag(fieldHealthCheck, fieldHealthEnabled),
			interval: r.duration(fieldHealthCheck, fieldHealthInterval),
			timeout:  r.duration(fieldHealthCheck, fieldHealthTimeout),
			size:     r.size(fieldHealthCheck, fieldHealthSize),
		},
		batching: read(r, func(path ...string) (service.BatchPolicy, error) {
			return conf.FieldBatchPolicy(path...)
		}, []string{fieldBatching}),
	}
	c.autoInFlight = c.maxInFlight == 0
	r.naming(c)
	r.chunks(c)
	r.badRecords(c)
	c.adapt(known())
	for _, err := range c.store.Problems() {
		r.fail(err)
	}
	r.accessRules(c)
	c.warnings = r.warnings
	return c, r.warnings, r.err()
}

// encoders is the number of objects encoded at once, and of the cores that
// encoding one object may use.
func (r *reader) encoders() int {
	if n := r.count(0, fieldEncoders); n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

// conditions are the choices of conditional_writes.
var conditions = map[string]store.Conditions{
	"auto": store.ProveConditions, "on": store.AssumeConditions, "off": store.NeverConditions,
}

// store reads everything about the bucket and the way into it.
func (r *reader) store() store.Config {
	return store.Config{
		Bucket:              r.str(fieldBucket),
		Region:              r.str(fieldRegion),
		Endpoint:            r.str(fieldEndpoint),
		ForcePathStyle:      r.flag(fieldPathStyle),
		Auth:                r.auth(),
		Encryption:          r.encryption(),
		TolerateEncryption:  r.enum(fieldEncryption, fieldOnMismatch) == "warn",
		Checksum:            store.Checksum(r.enum(fieldChecksum)),
		Conditions:          conditions[r.enum(fieldConditionalWrites)],
		PartSize:            r.size(fieldUpload, fieldUploadPartSize),
		MultipartThreshold:  r.size(fieldUpload, fieldUploadThreshold),
		PartConcurrency:     r.count(1, fieldUpload, fieldUploadPartParallel),
		StorageClass:        r.str(fieldStorageClass),
		Metadata:            r.strings(fieldMetadata),
		Tags:                r.strings(fieldTags),
		ACL:                 r.str(fieldACL),
		RequestPayer:        r.str(fieldRequestPayer),
		ExpectedBucketOwner: r.str(fieldExpectedOwner),
		RequestTimeout:      r.duration(fieldUpload, fieldRequestTimeout),
		HTTP:                store.HTTPConfig{CAFile: r.str(fieldUpload, fieldCAFile)},
		Retry: store.RetryConfig{
			MaxRetries:      r.num(fieldRetry, fieldMaxRetries),
			InitialInterval: r.duration(fieldRetry, fieldInitialInterval),
			MaxInterval:     r.duration(fieldRetry, fieldMaxInterval),
			MaxElapsed:      r.duration(fieldRetry, fieldMaxElapsedTime),
		},
	}
}

func (r *reader) auth() auth.Config {
	return auth.Config{
		Mode:            auth.Mode(r.enum(fieldAuth, fieldAuthMode)),
		AccessKeyID:     r.str(fieldAuth, fieldAccessKeyID),
		SecretAccessKey: r.str(fieldAuth, fieldSecretAccessKey),
		SessionToken:    r.str(fieldAuth, fieldSessionToken),
		RoleARN:         r.str(fieldAuth, fieldRoleARN),
		ExternalID:      r.str(fieldAuth, fieldExternalID),
		Chain:           r.roleChain(),
		SessionName:     r.str(fieldAuth, fieldSessionName),
		SessionDuration: r.duration(fieldAuth, fieldSessionDuration),
		SessionTags:     r.strings(fieldAuth, fieldSessionTags),
		STSEndpoint:     r.str(fieldAuth, fieldSTSEndpoint),
		STSRegion:       r.str(fieldAuth, fieldSTSRegion),
	}
}

func (r *reader) roleChain() []auth.Hop {
	var chain []auth.Hop
	for _, hop := range read(r, r.conf.FieldObjectList, []string{fieldAuth, fieldRoleChain}) {
		h := &reader{conf: hop}
		chain = append(chain, auth.Hop{
			RoleARN:         h.str(fieldRoleARN),
			ExternalID:      h.str(fieldExternalID),
			SessionName:     h.str(fieldSessionName),
			SessionDuration: h.duration(fieldSessionDuration),
			STSEndpoint:     h.str(fieldSTSEndpoint),
			Region:          h.str(fieldSTSRegion),
		})
		r.fail(h.err())
	}
	return chain
}

func (r *reader) encryption() encryption.Config {
	e := encryption.Config{
		Mode:    encryption.Mode(r.enum(fieldEncryption, fieldEncryptionMode)),
		KMSKey:  r.str(fieldEncryption, fieldKMSKey),
		Context: r.strings(fieldEncryption, fieldEncryptionContext),
	}
	if r.conf.Contains(fieldEncryption, fieldBucketKey) {
		on := r.flag(fieldEncryption, fieldBucketKey)
		e.BucketKey = &on
	}
	return e
}

// naming compiles the templates and the way from a record to its partition.
func (r *reader) naming(c *Config) {
	zone := r.zone()
	variables := r.variables()
	names := make([]string, 0, len(variables))
	for name := range variables {
		names = append(names, name)
	}
	layout, err := template.Compile(template.Config{
		Folder:        r.str(fieldFolder),
		FileName:      r.str(fieldFileName),
		Extension:     c.format.extension,
		Variables:     names,
		LoadByAccount: r.flag(fieldLoadByAccount),
		Location:      zone,
	})
	r.fail(err)
	if layout == nil {
		return
	}
	c.layout = layout
	c.ranged = strings.Contains(r.str(fieldFileName), "source_range")
	c.partition = partition.Config{
		Layout:            layout,
		Variables:         variables,
		OnMissingVariable: partition.MissingVariable(r.enum(fieldOnMissingVariable)),
		DateField:         r.str(fieldDateField),
		DateFormat:        r.str(fieldDateFormat),
		Location:          zone,
		OnMissingDate:     partition.MissingDate(r.enum(fieldOnMissingDate)),
		PartitionBy:       template.PartitionBy(r.enum(fieldPartitionBy)),
	}
	_, err = partition.New(c.partition)
	r.fail(err)
	if c.partition.OnMissingVariable == partition.VariableReject && len(layout.Variables()) == 0 {
		r.warn(fieldOnMissingVariable + " has no effect without a variable in folder or file_name")
	}
}

func (r *reader) zone() *time.Location {
	zone, err := loadZone(r.str(fieldTimezone), time.LoadLocation)
	r.fail(err)
	return zone
}

// variables reads the expressions as text: which of them need Bloblang is for
// package partition to decide.
func (r *reader) variables() map[string]string {
	return r.strings(fieldVariables)
}

// chunks reads the roll rules.
func (r *reader) chunks(c *Config) {
	c.chunks = chunk.Config{
		MaxFileSize:       r.size(fieldMaxFileSize),
		MaxRecords:        r.count(0, fieldMaxRecords),
		MaxAge:            r.duration(fieldMaxAge),
		IdleTimeout:       r.duration(fieldIdleTimeout),
		MaxOpenPartitions: r.count(0, fieldMaxOpenPartitions),
		MemoryLimit:       r.size(fieldMemoryLimit),
		Encoders:          c.encoders,
		Uploads:           r.count(1, fieldUpload, fieldUploadConcurrency),
		CallOverhead:      callOverhead,
		Refused:           store.Refused,
		PartitionOverhead: partitionOverhead,
	}
	if c.store.Retry.InitialInterval <= 0 || c.store.Retry.MaxInterval < c.store.Retry.InitialInterval {
		r.fail(errors.New("retry.initial_interval must be positive, and retry.max_interval not less"))
	}
	c.chunks.InitialRatio[chunk.Data] = c.format.ratio
	c.chunks.InitialRatio[chunk.DeadLetter] = 1
	if c.chunks.MemoryLimit == 0 {
		r.fail(errors.New("memory_limit must not be 0: give at least 16MiB"))
	}
	if c.chunks.MaxAge == 0 {
		r.fail(errors.New("max_age must not be 0s: it bounds how long a record waits"))
	}
	if c.layout == nil {
		return
	}
	for _, f := range c.layout.CheckRules(template.Settings{
		PartitionBy:        c.partition.PartitionBy,
		MaxFileSize:        c.chunks.MaxFileSize,
		MaxFileSizeSet:     r.str(fieldMaxFileSize) != defaultMaxFileSize,
		HasDateField:       c.partition.DateField != "",
		MissingDateIsToday: c.partition.OnMissingDate == partition.MissingToday,
	}) {
		if f.Rule == ruleDateField {
			continue // package partition has said so
		}
		if f.Severity == template.Error {
			r.fail(errors.New(f.Message))
		} else {
			r.warn(f.Message)
		}
	}
}

// ruleDateField is the rule that date placeholders need a date_field.
const ruleDateField = 6

// badRecords reads the policies for records and objects that cannot be stored.
func (r *reader) badRecords(c *Config) {
	folder := r.str(fieldDeadLetterFolder)
	switch r.enum(fieldOnBadRecord) {
	case "drop":
		c.chunks.OnBadRecord = chunk.Drop
	case "dead_letter":
		c.chunks.OnBadRecord = chunk.ToDeadLetter
	}
	if r.enum(fieldOnRefusedObject) == "dead_letter" {
		c.chunks.OnRefusedObject = chunk.ObjectToDeadLetters
	}
	if c.chunks.OnBadRecord != chunk.ToDeadLetter && c.chunks.OnRefusedObject != chunk.ObjectToDeadLetters {
		if folder != "" {
			r.warn("dead_letter_folder has no effect unless on_bad_record or on_refused_object is dead_letter")
		}
		return
	}
	if folder == "" && c.layout != nil {
		folder = c.layout.StaticPrefix() + "_dead_letters/{{YYYY_today}}-{{MM_today}}-{{DD_today}}"
	}
	letters, err := deadletter.NewFolder(folder, r.zone())
	r.fail(err)
	c.deadLetters = letters
	c.chunks.DeadLetters = letters
}

// accessRules are the rules between the way of access and the encryption.
func (r *reader) accessRules(c *Config) {
	mode, kind := c.store.Auth.Mode, c.store.Encryption.Mode
	if mode == auth.ModeBucketPolicy && kind == encryption.ModeSSEKMS {
		r.fail(errors.New("auth.mode bucket_policy cannot be combined with encryption.mode sse-kms: an AWS-managed key cannot be shared with another account. Use sse-kms-cmk with a customer-managed key, or sse-s3"))
	}
	if mode == auth.ModeBucketPolicy && kind == encryption.ModeSSEKMSDSSE && c.store.Encryption.KMSKey == "" {
		r.fail(errors.New("auth.mode bucket_policy with encryption.mode sse-kms-dsse needs encryption.kms_key: an AWS-managed key cannot be shared with another account"))
	}
	if store.Public(c.store.ACL) {
		r.warn("acl " + c.store.ACL + " lets people read the objects who have no part in the bucket: bucket-owner-full-control is what the owner of a bucket of another account needs")
	}
	if (mode == auth.ModeBucketPolicy || mode == auth.ModeAccessKey) && kind == encryption.ModeNone {
		r.warn("encryption.mode none with auth.mode " + string(mode) + " is not recommended unless the bucket encrypts by default: use sse-s3")
	}
	if c.health.enabled && c.health.interval < time.Second {
		r.fail(errors.New("health_check.interval must be at least 1s; set health_check.enabled to false to switch the check off"))
	}
	if c.health.enabled && c.health.timeout < time.Second {
		r.fail(errors.New("health_check.timeout must be at least 1s"))
	}
	if c.health.size > maxProbe {
		r.fail(fmt.Errorf("health_check.probe_size must be at most %d bytes: it is written again and again", maxProbe))
	}
}
