//! URNs about environments and workers.

super::urns! {
    /// How a worker is started.
    pub mod environments {
        DOCKER = "beam:env:docker:v1";
        PROCESS = "beam:env:process:v1";
        EXTERNAL = "beam:env:external:v1";
        DEFAULT = "beam:env:default:v1";
        ANYOF = "beam:env:anyof:v1";
    }

    /// What an artifact is and which role it plays in its environment.
    pub mod artifacts {
        FILE = "beam:artifact:type:file:v1";
        URL = "beam:artifact:type:url:v1";
        EMBEDDED = "beam:artifact:type:embedded:v1";
        PYPI = "beam:artifact:type:pypi:v1";
        MAVEN = "beam:artifact:type:maven:v1";
        DEFERRED = "beam:artifact:type:deferred:v1";
        STAGING_TO = "beam:artifact:role:staging_to:v1";
        PIP_REQUIREMENTS_FILE = "beam:artifact:role:pip_requirements_file:v1";
        GO_WORKER_BINARY = "beam:artifact:role:go_worker_binary:v1";
    }

    /// What an SDK worker is capable of (`Environment.capabilities`).
    pub mod protocols {
        LEGACY_PROGRESS_REPORTING = "beam:protocol:progress_reporting:v0";
        PROGRESS_REPORTING = "beam:protocol:progress_reporting:v1";
        WORKER_STATUS = "beam:protocol:worker_status:v1";
        MULTI_CORE_BUNDLE_PROCESSING = "beam:protocol:multi_core_bundle_processing:v1";
        SIBLING_WORKERS = "beam:protocol:sibling_workers:v1";
        HARNESS_MONITORING_INFOS = "beam:protocol:harness_monitoring_infos:v1";
        CONTROL_REQUEST_ELEMENTS_EMBEDDING = "beam:protocol:control_request_elements_embedding:v1";
        STATE_CACHING = "beam:protocol:state_caching:v1";
        DATA_SAMPLING = "beam:protocol:data_sampling:v1";
        SDK_CONSUMING_RECEIVED_DATA = "beam:protocol:sdk_consuming_received_data:v1";
        ORDERED_LIST_STATE = "beam:protocol:ordered_list_state:v1";
        ELEMENT_METADATA = "beam:protocol:element_metadata:v1";
        MULTIMAP_STATE = "beam:protocol:multimap_state:v1";
        NAMED_DATA_STREAMS = "beam:protocol:named_data_streams:v1";
    }

    /// What a runner is capable of (`ProvisionInfo.runner_capabilities`).
    pub mod runner_protocols {
        MONITORING_INFO_SHORT_IDS = "beam:protocol:monitoring_info_short_ids:v1";
        CONTROL_RESPONSE_ELEMENTS_EMBEDDING = "beam:protocol:control_response_elements_embedding:v1";
        MULTIMAP_KEYS_VALUES_SIDE_INPUT = "beam:protocol:multimap_keys_values_side_input:v1";
    }

    /// What a pipeline needs from its runner (`Pipeline.requirements`).
    pub mod requirements {
        REQUIRES_STATEFUL_PROCESSING = "beam:requirement:pardo:stateful:v1";
        REQUIRES_BUNDLE_FINALIZATION = "beam:requirement:pardo:finalization:v1";
        REQUIRES_STABLE_INPUT = "beam:requirement:pardo:stable_input:v1";
        REQUIRES_TIME_SORTED_INPUT = "beam:requirement:pardo:time_sorted_input:v1";
        REQUIRES_SPLITTABLE_DOFN = "beam:requirement:pardo:splittable_dofn:v1";
        REQUIRES_ON_WINDOW_EXPIRATION = "beam:requirement:pardo:on_window_expiration:v1";
    }

    /// What a transform asks of the machine it runs on (`Environment.resource_hints`).
    pub mod resource_hints {
        ACCELERATOR = "beam:resources:accelerator:v1";
        MIN_RAM_BYTES = "beam:resources:min_ram_bytes:v1";
        CPU_COUNT = "beam:resources:cpu_count:v1";
        MAX_ACTIVE_BUNDLES_PER_WORKER = "beam:resources:max_active_bundles_per_worker:v1";
    }

    /// The transforms at the edges of an executable stage.
    pub mod fn_api {
        DATA_SOURCE = "beam:runner:source:v1";
        DATA_SINK = "beam:runner:sink:v1";
    }
}
