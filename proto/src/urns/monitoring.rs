//! URNs of metrics.

super::urns! {
    /// Metrics, the `urn` of a `MonitoringInfo`.
    pub mod metrics {
        USER_SUM_INT64 = "beam:metric:user:sum_int64:v1";
        USER_SUM_DOUBLE = "beam:metric:user:sum_double:v1";
        USER_DISTRIBUTION_INT64 = "beam:metric:user:distribution_int64:v1";
        USER_DISTRIBUTION_DOUBLE = "beam:metric:user:distribution_double:v1";
        USER_LATEST_INT64 = "beam:metric:user:latest_int64:v1";
        USER_LATEST_DOUBLE = "beam:metric:user:latest_double:v1";
        USER_TOP_N_INT64 = "beam:metric:user:top_n_int64:v1";
        USER_TOP_N_DOUBLE = "beam:metric:user:top_n_double:v1";
        USER_BOTTOM_N_INT64 = "beam:metric:user:bottom_n_int64:v1";
        USER_BOTTOM_N_DOUBLE = "beam:metric:user:bottom_n_double:v1";
        USER_SET_STRING = "beam:metric:user:set_string:v1";
        USER_BOUNDED_TRIE = "beam:metric:user:bounded_trie:v1";
        ELEMENT_COUNT = "beam:metric:element_count:v1";
        SAMPLED_BYTE_SIZE = "beam:metric:sampled_byte_size:v1";
        START_BUNDLE_MSECS = "beam:metric:pardo_execution_time:start_bundle_msecs:v1";
        PROCESS_BUNDLE_MSECS = "beam:metric:pardo_execution_time:process_bundle_msecs:v1";
        FINISH_BUNDLE_MSECS = "beam:metric:pardo_execution_time:finish_bundle_msecs:v1";
        TOTAL_MSECS = "beam:metric:ptransform_execution_time:total_msecs:v1";
        WORK_REMAINING = "beam:metric:ptransform_progress:remaining:v1";
        WORK_COMPLETED = "beam:metric:ptransform_progress:completed:v1";
        DATA_CHANNEL_READ_INDEX = "beam:metric:data_channel:read_index:v1";
        API_REQUEST_COUNT = "beam:metric:io:api_request_count:v1";
        API_REQUEST_LATENCIES = "beam:metric:io:api_request_latencies:v1";
        USER_HISTOGRAM = "beam:metric:user:histogram_int64:v1";
    }

    /// Encodings of metrics, the `type` of a `MonitoringInfo`.
    pub mod metric_types {
        SUM_INT64_TYPE = "beam:metrics:sum_int64:v1";
        SUM_DOUBLE_TYPE = "beam:metrics:sum_double:v1";
        DISTRIBUTION_INT64_TYPE = "beam:metrics:distribution_int64:v1";
        DISTRIBUTION_DOUBLE_TYPE = "beam:metrics:distribution_double:v1";
        LATEST_INT64_TYPE = "beam:metrics:latest_int64:v1";
        LATEST_DOUBLE_TYPE = "beam:metrics:latest_double:v1";
        TOP_N_INT64_TYPE = "beam:metrics:top_n_int64:v1";
        TOP_N_DOUBLE_TYPE = "beam:metrics:top_n_double:v1";
        BOTTOM_N_INT64_TYPE = "beam:metrics:bottom_n_int64:v1";
        BOTTOM_N_DOUBLE_TYPE = "beam:metrics:bottom_n_double:v1";
        PROGRESS_TYPE = "beam:metrics:progress:v1";
        SET_STRING_TYPE = "beam:metrics:set_string:v1";
        BOUNDED_TRIE_TYPE = "beam:metrics:bounded_trie:v1";
        HISTOGRAM = "beam:metrics:histogram_int64:v1";
    }

    /// Names of the labels of a `MonitoringInfo` (these are names, not URNs).
    pub mod metric_labels {
        TRANSFORM = "PTRANSFORM";
        PCOLLECTION = "PCOLLECTION";
        WINDOWING_STRATEGY = "WINDOWING_STRATEGY";
        CODER = "CODER";
        ENVIRONMENT = "ENVIRONMENT";
        NAMESPACE = "NAMESPACE";
        NAME = "NAME";
        SERVICE = "SERVICE";
        METHOD = "METHOD";
        RESOURCE = "RESOURCE";
        STATUS = "STATUS";
        BIGQUERY_PROJECT_ID = "BIGQUERY_PROJECT_ID";
        BIGQUERY_DATASET = "BIGQUERY_DATASET";
        BIGQUERY_TABLE = "BIGQUERY_TABLE";
        BIGQUERY_VIEW = "BIGQUERY_VIEW";
        BIGQUERY_QUERY_NAME = "BIGQUERY_QUERY_NAME";
        GCS_BUCKET = "GCS_BUCKET";
        GCS_PROJECT_ID = "GCS_PROJECT_ID";
        DATASTORE_PROJECT = "DATASTORE_PROJECT";
        DATASTORE_NAMESPACE = "DATASTORE_NAMESPACE";
        BIGTABLE_PROJECT_ID = "BIGTABLE_PROJECT_ID";
        INSTANCE_ID = "INSTANCE_ID";
        TABLE_ID = "TABLE_ID";
        SPANNER_PROJECT_ID = "SPANNER_PROJECT_ID";
        SPANNER_DATABASE_ID = "SPANNER_DATABASE_ID";
        SPANNER_TABLE_ID = "SPANNER_TABLE_ID";
        SPANNER_INSTANCE_ID = "SPANNER_INSTANCE_ID";
        SPANNER_QUERY_NAME = "SPANNER_QUERY_NAME";
        PER_WORKER_METRIC = "PER_WORKER_METRIC";
    }
}
