// Generated from spec/*.rdl by `cargo xtask gen`; do not edit.

package whorl_csr_pkg;

    localparam WHORL_CSR_DATA_WIDTH = 32;
    localparam WHORL_CSR_MIN_ADDR_WIDTH = 13;
    localparam WHORL_CSR_SIZE = 'h1100;

    typedef struct {
        logic [15:0] next;
    } whorl_csr__id_version__minor__in_t;

    typedef struct {
        logic [15:0] next;
    } whorl_csr__id_version__major__in_t;

    typedef struct {
        whorl_csr__id_version__minor__in_t minor;
        whorl_csr__id_version__major__in_t major;
    } whorl_csr__id_version__in_t;

    typedef struct {
        logic [31:0] next;
    } id_reg_desc_59c1f433__value__in_t;

    typedef struct {
        id_reg_desc_59c1f433__value__in_t value;
    } id_reg_desc_59c1f433__in_t;

    typedef struct {
        logic [31:0] next;
    } id_reg_desc_27769e0d__value__in_t;

    typedef struct {
        id_reg_desc_27769e0d__value__in_t value;
    } id_reg_desc_27769e0d__in_t;

    typedef struct {
        logic [7:0] next;
    } whorl_csr__capability0__streams__in_t;

    typedef struct {
        logic [7:0] next;
    } whorl_csr__capability0__probes__in_t;

    typedef struct {
        logic [7:0] next;
    } whorl_csr__capability0__queue_pairs__in_t;

    typedef struct {
        logic [7:0] next;
    } whorl_csr__capability0__lanes__in_t;

    typedef struct {
        whorl_csr__capability0__streams__in_t streams;
        whorl_csr__capability0__probes__in_t probes;
        whorl_csr__capability0__queue_pairs__in_t queue_pairs;
        whorl_csr__capability0__lanes__in_t lanes;
    } whorl_csr__capability0__in_t;

    typedef struct {
        logic [15:0] next;
    } whorl_csr__capability1__top_k_max__in_t;

    typedef struct {
        logic [7:0] next;
    } whorl_csr__capability1__queue_entries_log2_max__in_t;

    typedef struct {
        logic [7:0] next;
    } whorl_csr__capability1__memory_channels__in_t;

    typedef struct {
        whorl_csr__capability1__top_k_max__in_t top_k_max;
        whorl_csr__capability1__queue_entries_log2_max__in_t queue_entries_log2_max;
        whorl_csr__capability1__memory_channels__in_t memory_channels;
    } whorl_csr__capability1__in_t;

    typedef struct {
        logic next;
    } whorl_csr__status__ready__in_t;

    typedef struct {
        logic next;
    } whorl_csr__status__busy__in_t;

    typedef struct {
        logic next;
    } whorl_csr__status__dma_idle__in_t;

    typedef struct {
        logic next;
    } whorl_csr__status__fault__in_t;

    typedef struct {
        logic next;
    } whorl_csr__status__hung__in_t;

    typedef struct {
        whorl_csr__status__ready__in_t ready;
        whorl_csr__status__busy__in_t busy;
        whorl_csr__status__dma_idle__in_t dma_idle;
        whorl_csr__status__fault__in_t fault;
        whorl_csr__status__hung__in_t hung;
    } whorl_csr__status__in_t;

    typedef struct {
        logic [7:0] next;
    } whorl_csr__error_log__code__in_t;

    typedef struct {
        logic [7:0] next;
    } whorl_csr__error_log__queue_index__in_t;

    typedef struct {
        logic [15:0] next;
    } whorl_csr__error_log__tag__in_t;

    typedef struct {
        whorl_csr__error_log__code__in_t code;
        whorl_csr__error_log__queue_index__in_t queue_index;
        whorl_csr__error_log__tag__in_t tag;
    } whorl_csr__error_log__in_t;

    typedef struct {
        logic [31:0] next;
    } id_reg_desc_4ec5f863__value__in_t;

    typedef struct {
        id_reg_desc_4ec5f863__value__in_t value;
    } id_reg_desc_4ec5f863__in_t;

    typedef struct {
        logic [31:0] next;
    } id_reg_desc_b9689d12__value__in_t;

    typedef struct {
        id_reg_desc_b9689d12__value__in_t value;
    } id_reg_desc_b9689d12__in_t;

    typedef struct {
        logic [31:0] next;
    } id_reg_desc_586fb300__value__in_t;

    typedef struct {
        id_reg_desc_586fb300__value__in_t value;
    } id_reg_desc_586fb300__in_t;

    typedef struct {
        logic [7:0] next;
    } whorl_csr__last_error__code__in_t;

    typedef struct {
        logic [7:0] next;
    } whorl_csr__last_error__queue_index__in_t;

    typedef struct {
        logic [15:0] next;
    } whorl_csr__last_error__tag__in_t;

    typedef struct {
        whorl_csr__last_error__code__in_t code;
        whorl_csr__last_error__queue_index__in_t queue_index;
        whorl_csr__last_error__tag__in_t tag;
    } whorl_csr__last_error__in_t;

    typedef struct {
        logic [31:0] next;
    } id_reg_desc_b8fbc126__value__in_t;

    typedef struct {
        id_reg_desc_b8fbc126__value__in_t value;
    } id_reg_desc_b8fbc126__in_t;

    typedef struct {
        logic [31:0] next;
    } whorl_csr__memory__units__value__in_t;

    typedef struct {
        whorl_csr__memory__units__value__in_t value;
    } whorl_csr__memory__units__in_t;

    typedef struct {
        whorl_csr__memory__units__in_t units;
    } whorl_csr__memory__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_b3d76417__value__in_t;

    typedef struct {
        counter_reg_desc_b3d76417__value__in_t value;
    } counter_reg_desc_b3d76417__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg__value__in_t;

    typedef struct {
        counter_reg__value__in_t value;
    } counter_reg__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_b95fc405__value__in_t;

    typedef struct {
        counter_reg_desc_b95fc405__value__in_t value;
    } counter_reg_desc_b95fc405__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_6e329390__value__in_t;

    typedef struct {
        counter_reg_desc_6e329390__value__in_t value;
    } counter_reg_desc_6e329390__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_c9d98fd0__value__in_t;

    typedef struct {
        counter_reg_desc_c9d98fd0__value__in_t value;
    } counter_reg_desc_c9d98fd0__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_1c951b0b__value__in_t;

    typedef struct {
        counter_reg_desc_1c951b0b__value__in_t value;
    } counter_reg_desc_1c951b0b__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_60c72b53__value__in_t;

    typedef struct {
        counter_reg_desc_60c72b53__value__in_t value;
    } counter_reg_desc_60c72b53__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_69e23200__value__in_t;

    typedef struct {
        counter_reg_desc_69e23200__value__in_t value;
    } counter_reg_desc_69e23200__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_830cff0a__value__in_t;

    typedef struct {
        counter_reg_desc_830cff0a__value__in_t value;
    } counter_reg_desc_830cff0a__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_eaea1626__value__in_t;

    typedef struct {
        counter_reg_desc_eaea1626__value__in_t value;
    } counter_reg_desc_eaea1626__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_e12b89cf__value__in_t;

    typedef struct {
        counter_reg_desc_e12b89cf__value__in_t value;
    } counter_reg_desc_e12b89cf__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_b77050a8__value__in_t;

    typedef struct {
        counter_reg_desc_b77050a8__value__in_t value;
    } counter_reg_desc_b77050a8__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_30c5e1b8__value__in_t;

    typedef struct {
        counter_reg_desc_30c5e1b8__value__in_t value;
    } counter_reg_desc_30c5e1b8__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_87d29fa0__value__in_t;

    typedef struct {
        counter_reg_desc_87d29fa0__value__in_t value;
    } counter_reg_desc_87d29fa0__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_2b606a97__value__in_t;

    typedef struct {
        counter_reg_desc_2b606a97__value__in_t value;
    } counter_reg_desc_2b606a97__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_43a9484f__value__in_t;

    typedef struct {
        counter_reg_desc_43a9484f__value__in_t value;
    } counter_reg_desc_43a9484f__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_3bec75ff__value__in_t;

    typedef struct {
        counter_reg_desc_3bec75ff__value__in_t value;
    } counter_reg_desc_3bec75ff__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_7d5f273c__value__in_t;

    typedef struct {
        counter_reg_desc_7d5f273c__value__in_t value;
    } counter_reg_desc_7d5f273c__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_0cbbbcd8__value__in_t;

    typedef struct {
        counter_reg_desc_0cbbbcd8__value__in_t value;
    } counter_reg_desc_0cbbbcd8__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_c14148e9__value__in_t;

    typedef struct {
        counter_reg_desc_c14148e9__value__in_t value;
    } counter_reg_desc_c14148e9__in_t;

    typedef struct {
        logic [31:0] next;
    } counter_reg_desc_f483a8d4__value__in_t;

    typedef struct {
        counter_reg_desc_f483a8d4__value__in_t value;
    } counter_reg_desc_f483a8d4__in_t;

    typedef struct {
        counter_reg_desc_2b606a97__in_t active_lo;
        counter_reg__in_t active_hi;
        counter_reg_desc_43a9484f__in_t minutiae_lo;
        counter_reg__in_t minutiae_hi;
        counter_reg_desc_3bec75ff__in_t records_lo;
        counter_reg__in_t records_hi;
        counter_reg_desc_7d5f273c__in_t lines_lo;
        counter_reg__in_t lines_hi;
        counter_reg_desc_0cbbbcd8__in_t starved_lo;
        counter_reg__in_t starved_hi;
        counter_reg_desc_c14148e9__in_t stall_engine_lo;
        counter_reg__in_t stall_engine_hi;
        counter_reg_desc_f483a8d4__in_t stall_collect_lo;
        counter_reg__in_t stall_collect_hi;
    } whorl_csr__stream__in_t;

    typedef struct {
        logic [15:0] next;
    } whorl_csr__queue_pair__sq_head__value__in_t;

    typedef struct {
        whorl_csr__queue_pair__sq_head__value__in_t value;
    } whorl_csr__queue_pair__sq_head__in_t;

    typedef struct {
        logic [15:0] next;
    } whorl_csr__queue_pair__cq_tail__value__in_t;

    typedef struct {
        whorl_csr__queue_pair__cq_tail__value__in_t value;
    } whorl_csr__queue_pair__cq_tail__in_t;

    typedef struct {
        whorl_csr__queue_pair__sq_head__in_t sq_head;
        whorl_csr__queue_pair__cq_tail__in_t cq_tail;
    } whorl_csr__queue_pair__in_t;

    typedef struct {
        whorl_csr__id_version__in_t id_version;
        id_reg_desc_59c1f433__in_t id_spec_hash;
        id_reg_desc_27769e0d__in_t id_build;
        whorl_csr__capability0__in_t capability0;
        whorl_csr__capability1__in_t capability1;
        whorl_csr__status__in_t status;
        whorl_csr__error_log__in_t error_log;
        id_reg_desc_4ec5f863__in_t error_address_lo;
        id_reg_desc_b9689d12__in_t error_address_hi;
        id_reg_desc_586fb300__in_t error_count;
        whorl_csr__last_error__in_t last_error;
        id_reg_desc_b8fbc126__in_t last_error_address_lo;
        id_reg_desc_b9689d12__in_t last_error_address_hi;
        whorl_csr__memory__in_t memory[8];
        counter_reg_desc_b3d76417__in_t cycles_lo;
        counter_reg__in_t cycles_hi;
        counter_reg_desc_b95fc405__in_t busy_cycles_lo;
        counter_reg__in_t busy_cycles_hi;
        counter_reg_desc_6e329390__in_t read_beats_lo;
        counter_reg__in_t read_beats_hi;
        counter_reg_desc_c9d98fd0__in_t write_beats_lo;
        counter_reg__in_t write_beats_hi;
        counter_reg_desc_1c951b0b__in_t records_lo;
        counter_reg__in_t records_hi;
        counter_reg_desc_60c72b53__in_t minutiae_lo;
        counter_reg__in_t minutiae_hi;
        counter_reg_desc_69e23200__in_t read_errors;
        counter_reg_desc_830cff0a__in_t write_errors;
        counter_reg_desc_eaea1626__in_t commands;
        counter_reg_desc_e12b89cf__in_t comparisons_lo;
        counter_reg__in_t comparisons_hi;
        counter_reg_desc_b77050a8__in_t candidates_lo;
        counter_reg__in_t candidates_hi;
        counter_reg_desc_30c5e1b8__in_t read_wait_lo;
        counter_reg__in_t read_wait_hi;
        counter_reg_desc_87d29fa0__in_t read_hold_lo;
        counter_reg__in_t read_hold_hi;
        whorl_csr__stream__in_t stream[8];
        whorl_csr__queue_pair__in_t queue_pair[8];
    } whorl_csr__in_t;

    typedef struct {
        logic value;
    } whorl_csr__control__enable__out_t;

    typedef struct {
        logic value;
    } whorl_csr__control__reset__out_t;

    typedef struct {
        logic value;
    } whorl_csr__control__clear_errors__out_t;

    typedef struct {
        whorl_csr__control__enable__out_t enable;
        whorl_csr__control__reset__out_t reset;
        whorl_csr__control__clear_errors__out_t clear_errors;
    } whorl_csr__control__out_t;

    typedef struct {
        logic [31:0] value;
    } setup_reg_desc_e31083a7__value__out_t;

    typedef struct {
        setup_reg_desc_e31083a7__value__out_t value;
    } setup_reg_desc_e31083a7__out_t;

    typedef struct {
        logic [31:0] value;
    } setup_reg_desc_b9689d12__value__out_t;

    typedef struct {
        setup_reg_desc_b9689d12__value__out_t value;
    } setup_reg_desc_b9689d12__out_t;

    typedef struct {
        logic [31:0] value;
    } setup_reg_desc_73f7bee5__value__out_t;

    typedef struct {
        setup_reg_desc_73f7bee5__value__out_t value;
    } setup_reg_desc_73f7bee5__out_t;

    typedef struct {
        logic [3:0] value;
    } whorl_csr__admin_queue__entries_log2__out_t;

    typedef struct {
        whorl_csr__admin_queue__entries_log2__out_t entries_log2;
    } whorl_csr__admin_queue__out_t;

    typedef struct {
        logic [31:0] value;
    } whorl_csr__bus_timeout__value__out_t;

    typedef struct {
        whorl_csr__bus_timeout__value__out_t value;
    } whorl_csr__bus_timeout__out_t;

    typedef struct {
        logic [31:0] value;
    } setup_reg_desc_3c381140__value__out_t;

    typedef struct {
        setup_reg_desc_3c381140__value__out_t value;
    } setup_reg_desc_3c381140__out_t;

    typedef struct {
        logic [15:0] value;
        logic swmod;
    } whorl_csr__queue_pair__sq_tail__value__out_t;

    typedef struct {
        whorl_csr__queue_pair__sq_tail__value__out_t value;
    } whorl_csr__queue_pair__sq_tail__out_t;

    typedef struct {
        logic [15:0] value;
        logic swmod;
    } whorl_csr__queue_pair__cq_head__value__out_t;

    typedef struct {
        whorl_csr__queue_pair__cq_head__value__out_t value;
    } whorl_csr__queue_pair__cq_head__out_t;

    typedef struct {
        whorl_csr__queue_pair__sq_tail__out_t sq_tail;
        whorl_csr__queue_pair__cq_head__out_t cq_head;
    } whorl_csr__queue_pair__out_t;

    typedef struct {
        whorl_csr__control__out_t control;
        setup_reg_desc_e31083a7__out_t admin_sq_base_lo;
        setup_reg_desc_b9689d12__out_t admin_sq_base_hi;
        setup_reg_desc_73f7bee5__out_t admin_cq_base_lo;
        setup_reg_desc_b9689d12__out_t admin_cq_base_hi;
        whorl_csr__admin_queue__out_t admin_queue;
        whorl_csr__bus_timeout__out_t bus_timeout;
        setup_reg_desc_3c381140__out_t watchdog;
        whorl_csr__queue_pair__out_t queue_pair[8];
    } whorl_csr__out_t;
endpackage
