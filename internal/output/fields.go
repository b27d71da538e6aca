package output

// Names of the configuration fields. Those that the source documents of the
// product name keep the names found there.
const (
	fieldBucket        = "bucket"
	fieldRegion        = "region"
	fieldEndpoint      = "endpoint"
	fieldPathStyle     = "force_path_style_urls"
	fieldFolder        = "folder"
	fieldFileName      = "file_name"
	fieldFileFormat    = "file_format"
	fieldVariables     = "variables"
	fieldLoadByAccount = "load_by_account"
	fieldPartitionBy   = "partition_by"
	fieldDateField     = "date_field"
	fieldDateFormat    = "date_format"
	fieldTimezone      = "timezone"
	fieldOnMissingDate = "on_missing_date"

	fieldSeparator        = "separator"
	fieldCSV              = "csv"
	fieldCSVHeader        = "header"
	fieldJSON             = "json"
	fieldJSONLayout       = "layout"
	fieldCompressionLevel = "compression_level"
	fieldBinaryStrings    = "use_binary_strings"

	fieldMaxFileSize       = "max_file_size"
	fieldMaxRecords        = "max_records"
	fieldMaxAge            = "max_age"
	fieldIdleTimeout       = "idle_timeout"
	fieldMaxOpenPartitions = "max_open_partitions"
	fieldMemoryLimit       = "memory_limit"

	fieldOnBadRecord      = "on_bad_record"
	fieldDeadLetterFolder = "dead_letter_folder"

	fieldAuth            = "auth"
	fieldAuthMode        = "mode"
	fieldAccessKeyID     = "access_key_id"
	fieldSecretAccessKey = "secret_access_key"
	fieldSessionToken    = "session_token"

	fieldEncryption        = "encryption"
	fieldEncryptionMode    = "mode"
	fieldKMSKey            = "kms_key"
	fieldBucketKey         = "bucket_key"
	fieldEncryptionContext = "context"

	fieldHealthCheck    = "health_check"
	fieldHealthEnabled  = "enabled"
	fieldHealthInterval = "interval"
	fieldHealthTimeout  = "timeout"

	fieldConditionalWrites = "conditional_writes"
	fieldStorageClass      = "storage_class"
	fieldContentType       = "content_type"
	fieldContentEncoding   = "content_encoding"
	fieldMetadata          = "metadata"
	fieldTags              = "tags"
	fieldExpectedOwner     = "expected_bucket_owner"
	fieldChecksum          = "checksum"

	fieldUpload             = "upload"
	fieldUploadConcurrency  = "concurrency"
	fieldUploadPartSize     = "part_size"
	fieldUploadThreshold    = "multipart_threshold"
	fieldUploadPartParallel = "part_concurrency"
	fieldRequestTimeout     = "request_timeout"
	fieldCAFile             = "ca_file"
	fieldEncoders           = "encoders"

	fieldRetry           = "retry"
	fieldMaxRetries      = "max_retries"
	fieldInitialInterval = "initial_interval"
	fieldMaxInterval     = "max_interval"
	fieldMaxElapsedTime  = "max_elapsed_time"

	fieldMaxInFlight = "max_in_flight"
	fieldBatching    = "batching"
)
