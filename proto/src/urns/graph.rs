//! URNs found in a pipeline graph.

super::urns! {
    /// Transforms that every runner or SDK knows, and the parts they are expanded into.
    pub mod transforms {
        PAR_DO = "beam:transform:pardo:v1";
        FLATTEN = "beam:transform:flatten:v1";
        GROUP_BY_KEY = "beam:transform:group_by_key:v1";
        IMPULSE = "beam:transform:impulse:v1";
        ASSIGN_WINDOWS = "beam:transform:window_into:v1";
        TEST_STREAM = "beam:transform:teststream:v1";
        MAP_WINDOWS = "beam:transform:map_windows:v1";
        MERGE_WINDOWS = "beam:transform:merge_windows:v1";
        TO_STRING = "beam:transform:to_string:v1";
        READ = "beam:transform:read:v1";
        CREATE_VIEW = "beam:transform:create_view:v1";
        COMBINE_PER_KEY = "beam:transform:combine_per_key:v1";
        COMBINE_GLOBALLY = "beam:transform:combine_globally:v1";
        RESHUFFLE = "beam:transform:reshuffle:v1";
        WRITE_FILES = "beam:transform:write_files:v1";
        PUBSUB_READ = "beam:transform:pubsub_read:v1";
        PUBSUB_WRITE = "beam:transform:pubsub_write:v1";
        PUBSUB_WRITE_V2 = "beam:transform:pubsub_write:v2";
        GROUP_INTO_BATCHES_WITH_SHARDED_KEY = "beam:transform:group_into_batches_with_sharded_key:v1";
        REDISTRIBUTE_BY_KEY = "beam:transform:redistribute_by_key:v1";
        REDISTRIBUTE_ARBITRARILY = "beam:transform:redistribute_arbitrarily:v1";
        COMBINE_PER_KEY_PRECOMBINE = "beam:transform:combine_per_key_precombine:v1";
        COMBINE_PER_KEY_MERGE_ACCUMULATORS = "beam:transform:combine_per_key_merge_accumulators:v1";
        COMBINE_PER_KEY_EXTRACT_OUTPUTS = "beam:transform:combine_per_key_extract_outputs:v1";
        COMBINE_GROUPED_VALUES = "beam:transform:combine_grouped_values:v1";
        COMBINE_PER_KEY_CONVERT_TO_ACCUMULATORS = "beam:transform:combine_per_key_convert_to_accumulators:v1";
        PAIR_WITH_RESTRICTION = "beam:transform:sdf_pair_with_restriction:v1";
        SPLIT_AND_SIZE_RESTRICTIONS = "beam:transform:sdf_split_and_size_restrictions:v1";
        PROCESS_SIZED_ELEMENTS_AND_RESTRICTIONS = "beam:transform:sdf_process_sized_element_and_restrictions:v1";
        TRUNCATE_SIZED_RESTRICTION = "beam:transform:sdf_truncate_sized_restrictions:v1";
        GROUP_INTO_BATCHES = "beam:transform:group_into_batches:v1";
    }

    /// How a side input is looked up (`SideInput.access_pattern`).
    pub mod side_inputs {
        ITERABLE = "beam:side_input:iterable:v1";
        MULTIMAP = "beam:side_input:multimap:v1";
    }

    /// How a state cell is accessed (`StateSpec.protocol`).
    pub mod user_states {
        BAG = "beam:user_state:bag:v1";
        MULTIMAP = "beam:user_state:multimap:v1";
        ORDERED_LIST = "beam:user_state:ordered_list:v1";
    }

    /// Window functions that runners understand.
    pub mod window_fns {
        GLOBAL_WINDOWS = "beam:window_fn:global_windows:v1";
        FIXED_WINDOWS = "beam:window_fn:fixed_windows:v1";
        SLIDING_WINDOWS = "beam:window_fn:sliding_windows:v1";
        SESSION_WINDOWS = "beam:window_fn:session_windows:v1";
    }

    /// Kinds of display data.
    pub mod display_data {
        LABELLED = "beam:display_data:labelled:v1";
    }
}
