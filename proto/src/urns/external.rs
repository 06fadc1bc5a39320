//! URNs of cross-language transforms.

super::urns! {
    /// Payloads by which an expansion service is told what to build.
    pub mod expansion_methods {
        JAVA_CLASS_LOOKUP = "beam:expansion:payload:java_class_lookup:v1";
        SCHEMA_TRANSFORM = "beam:expansion:payload:schematransform:v1";
    }

    /// Transforms that the managed transform of other SDKs stands for.
    pub mod managed {
        ICEBERG_READ = "beam:schematransform:org.apache.beam:iceberg_read:v1";
        ICEBERG_WRITE = "beam:schematransform:org.apache.beam:iceberg_write:v1";
        KAFKA_READ = "beam:schematransform:org.apache.beam:kafka_read:v1";
        KAFKA_WRITE = "beam:schematransform:org.apache.beam:kafka_write:v1";
        BIGQUERY_READ = "beam:schematransform:org.apache.beam:bigquery_storage_read:v1";
        BIGQUERY_WRITE = "beam:schematransform:org.apache.beam:bigquery_write:v1";
        ICEBERG_CDC_READ = "beam:schematransform:org.apache.beam:iceberg_cdc_read:v1";
        POSTGRES_READ = "beam:schematransform:org.apache.beam:postgres_read:v1";
        POSTGRES_WRITE = "beam:schematransform:org.apache.beam:postgres_write:v1";
        MYSQL_READ = "beam:schematransform:org.apache.beam:mysql_read:v1";
        MYSQL_WRITE = "beam:schematransform:org.apache.beam:mysql_write:v1";
        SQL_SERVER_READ = "beam:schematransform:org.apache.beam:sql_server_read:v1";
        SQL_SERVER_WRITE = "beam:schematransform:org.apache.beam:sql_server_write:v1";
        DELTA_LAKE_READ = "beam:schematransform:org.apache.beam:delta_lake_read:v1";
        DELTA_LAKE_CDC_READ = "beam:schematransform:org.apache.beam:delta_lake_cdc_read:v1";
    }

    /// Keys of the annotations that describe a schema transform (keys, not URNs).
    pub mod annotations {
        CONFIG_ROW_KEY = "config_row";
        CONFIG_ROW_SCHEMA_KEY = "config_row_schema";
        SCHEMATRANSFORM_URN_KEY = "schematransform_urn";
        MANAGED_UNDERLYING_TRANSFORM_URN_KEY = "managed_underlying_transform_urn";
    }
}
