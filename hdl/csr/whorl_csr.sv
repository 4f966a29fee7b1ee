// Generated from spec/*.rdl by `cargo xtask gen`; do not edit.

module whorl_csr (
        input wire clk,
        input wire rst,

        output logic s_axil_awready,
        input wire s_axil_awvalid,
        input wire [12:0] s_axil_awaddr,
        input wire [2:0] s_axil_awprot,
        output logic s_axil_wready,
        input wire s_axil_wvalid,
        input wire [31:0] s_axil_wdata,
        input wire [3:0]s_axil_wstrb,
        input wire s_axil_bready,
        output logic s_axil_bvalid,
        output logic [1:0] s_axil_bresp,
        output logic s_axil_arready,
        input wire s_axil_arvalid,
        input wire [12:0] s_axil_araddr,
        input wire [2:0] s_axil_arprot,
        input wire s_axil_rready,
        output logic s_axil_rvalid,
        output logic [31:0] s_axil_rdata,
        output logic [1:0] s_axil_rresp,

        input whorl_csr_pkg::whorl_csr__in_t hwif_in,
        output whorl_csr_pkg::whorl_csr__out_t hwif_out
    );

    //--------------------------------------------------------------------------
    // CPU Bus interface logic
    //--------------------------------------------------------------------------
    logic cpuif_req;
    logic cpuif_req_is_wr;
    logic [12:0] cpuif_addr;
    logic [31:0] cpuif_wr_data;
    logic [31:0] cpuif_wr_biten;
    logic cpuif_req_stall_wr;
    logic cpuif_req_stall_rd;

    logic cpuif_rd_ack;
    logic cpuif_rd_err;
    logic [31:0] cpuif_rd_data;

    logic cpuif_wr_ack;
    logic cpuif_wr_err;

    // Max Outstanding Transactions: 2
    logic [1:0] axil_n_in_flight;
    logic axil_prev_was_rd;
    logic axil_arvalid;
    logic [12:0] axil_araddr;
    logic axil_ar_accept;
    logic axil_awvalid;
    logic [12:0] axil_awaddr;
    logic axil_wvalid;
    logic [31:0] axil_wdata;
    logic [3:0] axil_wstrb;
    logic axil_aw_accept;
    logic axil_resp_acked;

    // Transaction request acceptance
    always_ff @(posedge clk) begin
        if(rst) begin
            axil_prev_was_rd <= '0;
            axil_arvalid <= '0;
            axil_araddr <= '0;
            axil_awvalid <= '0;
            axil_awaddr <= '0;
            axil_wvalid <= '0;
            axil_wdata <= '0;
            axil_wstrb <= '0;
            axil_n_in_flight <= '0;
        end else begin
            // AR* acceptance register
            if(axil_ar_accept) begin
                axil_prev_was_rd <= '1;
                axil_arvalid <= '0;
            end
            if(s_axil_arvalid && s_axil_arready) begin
                axil_arvalid <= '1;
                axil_araddr <= s_axil_araddr;
            end

            // AW* & W* acceptance registers
            if(axil_aw_accept) begin
                axil_prev_was_rd <= '0;
                axil_awvalid <= '0;
                axil_wvalid <= '0;
            end
            if(s_axil_awvalid && s_axil_awready) begin
                axil_awvalid <= '1;
                axil_awaddr <= s_axil_awaddr;
            end
            if(s_axil_wvalid && s_axil_wready) begin
                axil_wvalid <= '1;
                axil_wdata <= s_axil_wdata;
                axil_wstrb <= s_axil_wstrb;
            end

            // Keep track of in-flight transactions
            if((axil_ar_accept || axil_aw_accept) && !axil_resp_acked) begin
                axil_n_in_flight <= axil_n_in_flight + 1'b1;
            end else if(!(axil_ar_accept || axil_aw_accept) && axil_resp_acked) begin
                axil_n_in_flight <= axil_n_in_flight - 1'b1;
            end
        end
    end

    always_comb begin
        s_axil_arready = (!axil_arvalid || axil_ar_accept);
        s_axil_awready = (!axil_awvalid || axil_aw_accept);
        s_axil_wready = (!axil_wvalid || axil_aw_accept);
    end

    // Request dispatch
    always_comb begin
        cpuif_wr_data = axil_wdata;
        for(int i=0; i<4; i++) begin
            cpuif_wr_biten[i*8 +: 8] = {8{axil_wstrb[i]}};
        end
        cpuif_req = '0;
        cpuif_req_is_wr = '0;
        cpuif_addr = '0;
        axil_ar_accept = '0;
        axil_aw_accept = '0;

        if(axil_n_in_flight < 2'd2) begin
            // Can safely issue more transactions without overwhelming response buffer
            if(axil_arvalid && !axil_prev_was_rd) begin
                cpuif_req = '1;
                cpuif_req_is_wr = '0;
                cpuif_addr = {axil_araddr[12:2], 2'b0};
                if(!cpuif_req_stall_rd) axil_ar_accept = '1;
            end else if(axil_awvalid && axil_wvalid) begin
                cpuif_req = '1;
                cpuif_req_is_wr = '1;
                cpuif_addr = {axil_awaddr[12:2], 2'b0};
                if(!cpuif_req_stall_wr) axil_aw_accept = '1;
            end else if(axil_arvalid) begin
                cpuif_req = '1;
                cpuif_req_is_wr = '0;
                cpuif_addr = {axil_araddr[12:2], 2'b0};
                if(!cpuif_req_stall_rd) axil_ar_accept = '1;
            end
        end
    end


    // AXI4-Lite Response Logic
    logic axil_resp_buffer_is_wr[2];
    logic axil_resp_buffer_err[2];
    logic [31:0] axil_resp_buffer_rdata[2];

    logic [1:0] axil_resp_wptr;
    logic [1:0] axil_resp_rptr;

    always_ff @(posedge clk) begin
        if(rst) begin
            for(int i=0; i<2; i++) begin
                axil_resp_buffer_is_wr[i] <= '0;
                axil_resp_buffer_err[i] <= '0;
                axil_resp_buffer_rdata[i] <= '0;
            end
            axil_resp_wptr <= '0;
            axil_resp_rptr <= '0;
        end else begin
            // Store responses in buffer until AXI response channel accepts them
            if(cpuif_rd_ack || cpuif_wr_ack) begin
                if(cpuif_rd_ack) begin
                    axil_resp_buffer_is_wr[axil_resp_wptr[0:0]] <= '0;
                    axil_resp_buffer_err[axil_resp_wptr[0:0]] <= cpuif_rd_err;
                    axil_resp_buffer_rdata[axil_resp_wptr[0:0]] <= cpuif_rd_data;

                end else if(cpuif_wr_ack) begin
                    axil_resp_buffer_is_wr[axil_resp_wptr[0:0]] <= '1;
                    axil_resp_buffer_err[axil_resp_wptr[0:0]] <= cpuif_wr_err;
                end
                axil_resp_wptr <= axil_resp_wptr + 1'b1;
            end

            // Advance read pointer when acknowledged
            if(axil_resp_acked) begin
                axil_resp_rptr <= axil_resp_rptr + 1'b1;
            end
        end
    end

    always_comb begin
        axil_resp_acked = '0;
        s_axil_bvalid = '0;
        s_axil_rvalid = '0;
        if(axil_resp_rptr != axil_resp_wptr) begin
            if(axil_resp_buffer_is_wr[axil_resp_rptr[0:0]]) begin
                s_axil_bvalid = '1;
                if(s_axil_bready) axil_resp_acked = '1;
            end else begin
                s_axil_rvalid = '1;
                if(s_axil_rready) axil_resp_acked = '1;
            end
        end

        s_axil_rdata = axil_resp_buffer_rdata[axil_resp_rptr[0:0]];
        if(axil_resp_buffer_err[axil_resp_rptr[0:0]]) begin
            s_axil_bresp = 2'b10;
            s_axil_rresp = 2'b10;
        end else begin
            s_axil_bresp = 2'b00;
            s_axil_rresp = 2'b00;
        end
    end

    logic cpuif_req_masked;

    // Read & write latencies are balanced. Stalls not required
    assign cpuif_req_stall_rd = '0;
    assign cpuif_req_stall_wr = '0;
    assign cpuif_req_masked = cpuif_req
                            & !(!cpuif_req_is_wr & cpuif_req_stall_rd)
                            & !(cpuif_req_is_wr & cpuif_req_stall_wr);

    //--------------------------------------------------------------------------
    // Address Decode
    //--------------------------------------------------------------------------
    typedef struct {
        logic id_magic;
        logic id_version;
        logic id_spec_hash;
        logic id_build;
        logic capability0;
        logic capability1;
        logic control;
        logic status;
        logic error_log;
        logic error_address_lo;
        logic error_address_hi;
        logic admin_sq_base_lo;
        logic admin_sq_base_hi;
        logic admin_cq_base_lo;
        logic admin_cq_base_hi;
        logic admin_queue;
        logic bus_timeout;
        logic watchdog;
        logic error_count;
        logic last_error;
        logic last_error_address_lo;
        logic last_error_address_hi;
        struct {
            logic units;
        } memory[8];
        logic cycles_lo;
        logic cycles_hi;
        logic busy_cycles_lo;
        logic busy_cycles_hi;
        logic read_beats_lo;
        logic read_beats_hi;
        logic write_beats_lo;
        logic write_beats_hi;
        logic records_lo;
        logic records_hi;
        logic minutiae_lo;
        logic minutiae_hi;
        logic read_errors;
        logic write_errors;
        logic commands;
        logic comparisons_lo;
        logic comparisons_hi;
        logic candidates_lo;
        logic candidates_hi;
        logic read_wait_lo;
        logic read_wait_hi;
        logic read_hold_lo;
        logic read_hold_hi;
        struct {
            logic active_lo;
            logic active_hi;
            logic minutiae_lo;
            logic minutiae_hi;
            logic records_lo;
            logic records_hi;
            logic lines_lo;
            logic lines_hi;
            logic starved_lo;
            logic starved_hi;
            logic stall_engine_lo;
            logic stall_engine_hi;
            logic stall_collect_lo;
            logic stall_collect_hi;
        } stream[8];
        struct {
            logic sq_tail;
            logic cq_head;
            logic sq_head;
            logic cq_tail;
        } queue_pair[8];
    } decoded_reg_strb_t;
    decoded_reg_strb_t decoded_reg_strb;
    logic decoded_err;
    logic [12:0] decoded_addr;
    logic decoded_req;
    logic decoded_req_is_wr;
    logic [31:0] decoded_wr_data;
    logic [31:0] decoded_wr_biten;

    always_comb begin
        automatic logic is_valid_addr;
        automatic logic is_valid_rw;
        is_valid_addr = '1; // No valid address check
        is_valid_rw = '1; // No valid RW check
        decoded_reg_strb.id_magic = cpuif_req_masked & (cpuif_addr == 13'h0) & !cpuif_req_is_wr;
        decoded_reg_strb.id_version = cpuif_req_masked & (cpuif_addr == 13'h4) & !cpuif_req_is_wr;
        decoded_reg_strb.id_spec_hash = cpuif_req_masked & (cpuif_addr == 13'h8) & !cpuif_req_is_wr;
        decoded_reg_strb.id_build = cpuif_req_masked & (cpuif_addr == 13'hc) & !cpuif_req_is_wr;
        decoded_reg_strb.capability0 = cpuif_req_masked & (cpuif_addr == 13'h10) & !cpuif_req_is_wr;
        decoded_reg_strb.capability1 = cpuif_req_masked & (cpuif_addr == 13'h14) & !cpuif_req_is_wr;
        decoded_reg_strb.control = cpuif_req_masked & (cpuif_addr == 13'h20);
        decoded_reg_strb.status = cpuif_req_masked & (cpuif_addr == 13'h24) & !cpuif_req_is_wr;
        decoded_reg_strb.error_log = cpuif_req_masked & (cpuif_addr == 13'h30) & !cpuif_req_is_wr;
        decoded_reg_strb.error_address_lo = cpuif_req_masked & (cpuif_addr == 13'h34) & !cpuif_req_is_wr;
        decoded_reg_strb.error_address_hi = cpuif_req_masked & (cpuif_addr == 13'h38) & !cpuif_req_is_wr;
        decoded_reg_strb.admin_sq_base_lo = cpuif_req_masked & (cpuif_addr == 13'h40);
        decoded_reg_strb.admin_sq_base_hi = cpuif_req_masked & (cpuif_addr == 13'h44);
        decoded_reg_strb.admin_cq_base_lo = cpuif_req_masked & (cpuif_addr == 13'h48);
        decoded_reg_strb.admin_cq_base_hi = cpuif_req_masked & (cpuif_addr == 13'h4c);
        decoded_reg_strb.admin_queue = cpuif_req_masked & (cpuif_addr == 13'h50);
        decoded_reg_strb.bus_timeout = cpuif_req_masked & (cpuif_addr == 13'h60);
        decoded_reg_strb.watchdog = cpuif_req_masked & (cpuif_addr == 13'h64);
        decoded_reg_strb.error_count = cpuif_req_masked & (cpuif_addr == 13'h68) & !cpuif_req_is_wr;
        decoded_reg_strb.last_error = cpuif_req_masked & (cpuif_addr == 13'h6c) & !cpuif_req_is_wr;
        decoded_reg_strb.last_error_address_lo = cpuif_req_masked & (cpuif_addr == 13'h70) & !cpuif_req_is_wr;
        decoded_reg_strb.last_error_address_hi = cpuif_req_masked & (cpuif_addr == 13'h74) & !cpuif_req_is_wr;
        for(int i0=0; i0<8; i0++) begin
            decoded_reg_strb.memory[i0].units = cpuif_req_masked & (cpuif_addr == 13'h80 + (13)'(i0) * 13'h4) & !cpuif_req_is_wr;
        end
        decoded_reg_strb.cycles_lo = cpuif_req_masked & (cpuif_addr == 13'h100) & !cpuif_req_is_wr;
        decoded_reg_strb.cycles_hi = cpuif_req_masked & (cpuif_addr == 13'h104) & !cpuif_req_is_wr;
        decoded_reg_strb.busy_cycles_lo = cpuif_req_masked & (cpuif_addr == 13'h108) & !cpuif_req_is_wr;
        decoded_reg_strb.busy_cycles_hi = cpuif_req_masked & (cpuif_addr == 13'h10c) & !cpuif_req_is_wr;
        decoded_reg_strb.read_beats_lo = cpuif_req_masked & (cpuif_addr == 13'h110) & !cpuif_req_is_wr;
        decoded_reg_strb.read_beats_hi = cpuif_req_masked & (cpuif_addr == 13'h114) & !cpuif_req_is_wr;
        decoded_reg_strb.write_beats_lo = cpuif_req_masked & (cpuif_addr == 13'h118) & !cpuif_req_is_wr;
        decoded_reg_strb.write_beats_hi = cpuif_req_masked & (cpuif_addr == 13'h11c) & !cpuif_req_is_wr;
        decoded_reg_strb.records_lo = cpuif_req_masked & (cpuif_addr == 13'h120) & !cpuif_req_is_wr;
        decoded_reg_strb.records_hi = cpuif_req_masked & (cpuif_addr == 13'h124) & !cpuif_req_is_wr;
        decoded_reg_strb.minutiae_lo = cpuif_req_masked & (cpuif_addr == 13'h128) & !cpuif_req_is_wr;
        decoded_reg_strb.minutiae_hi = cpuif_req_masked & (cpuif_addr == 13'h12c) & !cpuif_req_is_wr;
        decoded_reg_strb.read_errors = cpuif_req_masked & (cpuif_addr == 13'h130) & !cpuif_req_is_wr;
        decoded_reg_strb.write_errors = cpuif_req_masked & (cpuif_addr == 13'h134) & !cpuif_req_is_wr;
        decoded_reg_strb.commands = cpuif_req_masked & (cpuif_addr == 13'h138) & !cpuif_req_is_wr;
        decoded_reg_strb.comparisons_lo = cpuif_req_masked & (cpuif_addr == 13'h140) & !cpuif_req_is_wr;
        decoded_reg_strb.comparisons_hi = cpuif_req_masked & (cpuif_addr == 13'h144) & !cpuif_req_is_wr;
        decoded_reg_strb.candidates_lo = cpuif_req_masked & (cpuif_addr == 13'h148) & !cpuif_req_is_wr;
        decoded_reg_strb.candidates_hi = cpuif_req_masked & (cpuif_addr == 13'h14c) & !cpuif_req_is_wr;
        decoded_reg_strb.read_wait_lo = cpuif_req_masked & (cpuif_addr == 13'h150) & !cpuif_req_is_wr;
        decoded_reg_strb.read_wait_hi = cpuif_req_masked & (cpuif_addr == 13'h154) & !cpuif_req_is_wr;
        decoded_reg_strb.read_hold_lo = cpuif_req_masked & (cpuif_addr == 13'h158) & !cpuif_req_is_wr;
        decoded_reg_strb.read_hold_hi = cpuif_req_masked & (cpuif_addr == 13'h15c) & !cpuif_req_is_wr;
        for(int i0=0; i0<8; i0++) begin
            decoded_reg_strb.stream[i0].active_lo = cpuif_req_masked & (cpuif_addr == 13'h200 + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].active_hi = cpuif_req_masked & (cpuif_addr == 13'h204 + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].minutiae_lo = cpuif_req_masked & (cpuif_addr == 13'h208 + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].minutiae_hi = cpuif_req_masked & (cpuif_addr == 13'h20c + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].records_lo = cpuif_req_masked & (cpuif_addr == 13'h210 + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].records_hi = cpuif_req_masked & (cpuif_addr == 13'h214 + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].lines_lo = cpuif_req_masked & (cpuif_addr == 13'h218 + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].lines_hi = cpuif_req_masked & (cpuif_addr == 13'h21c + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].starved_lo = cpuif_req_masked & (cpuif_addr == 13'h220 + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].starved_hi = cpuif_req_masked & (cpuif_addr == 13'h224 + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].stall_engine_lo = cpuif_req_masked & (cpuif_addr == 13'h228 + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].stall_engine_hi = cpuif_req_masked & (cpuif_addr == 13'h22c + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].stall_collect_lo = cpuif_req_masked & (cpuif_addr == 13'h230 + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
            decoded_reg_strb.stream[i0].stall_collect_hi = cpuif_req_masked & (cpuif_addr == 13'h234 + (13)'(i0) * 13'h40) & !cpuif_req_is_wr;
        end
        for(int i0=0; i0<8; i0++) begin
            decoded_reg_strb.queue_pair[i0].sq_tail = cpuif_req_masked & (cpuif_addr == 13'h1000 + (13)'(i0) * 13'h20);
            decoded_reg_strb.queue_pair[i0].cq_head = cpuif_req_masked & (cpuif_addr == 13'h1004 + (13)'(i0) * 13'h20);
            decoded_reg_strb.queue_pair[i0].sq_head = cpuif_req_masked & (cpuif_addr == 13'h1008 + (13)'(i0) * 13'h20) & !cpuif_req_is_wr;
            decoded_reg_strb.queue_pair[i0].cq_tail = cpuif_req_masked & (cpuif_addr == 13'h100c + (13)'(i0) * 13'h20) & !cpuif_req_is_wr;
        end
        decoded_err = '0;
    end

    // Pass down signals to next stage
    assign decoded_addr = cpuif_addr;
    assign decoded_req = cpuif_req_masked;
    assign decoded_req_is_wr = cpuif_req_is_wr;
    assign decoded_wr_data = cpuif_wr_data;
    assign decoded_wr_biten = cpuif_wr_biten;

    //--------------------------------------------------------------------------
    // Field logic
    //--------------------------------------------------------------------------
    typedef struct {
        struct {
            struct {
                logic next;
                logic load_next;
            } enable;
            struct {
                logic next;
                logic load_next;
            } reset;
            struct {
                logic next;
                logic load_next;
            } clear_errors;
        } control;
        struct {
            struct {
                logic [31:0] next;
                logic load_next;
            } value;
        } admin_sq_base_lo;
        struct {
            struct {
                logic [31:0] next;
                logic load_next;
            } value;
        } admin_sq_base_hi;
        struct {
            struct {
                logic [31:0] next;
                logic load_next;
            } value;
        } admin_cq_base_lo;
        struct {
            struct {
                logic [31:0] next;
                logic load_next;
            } value;
        } admin_cq_base_hi;
        struct {
            struct {
                logic [3:0] next;
                logic load_next;
            } entries_log2;
        } admin_queue;
        struct {
            struct {
                logic [31:0] next;
                logic load_next;
            } value;
        } bus_timeout;
        struct {
            struct {
                logic [31:0] next;
                logic load_next;
            } value;
        } watchdog;
        struct {
            struct {
                struct {
                    logic [15:0] next;
                    logic load_next;
                } value;
            } sq_tail;
            struct {
                struct {
                    logic [15:0] next;
                    logic load_next;
                } value;
            } cq_head;
        } queue_pair[8];
    } field_combo_t;
    field_combo_t field_combo;

    typedef struct {
        struct {
            struct {
                logic value;
            } enable;
            struct {
                logic value;
            } reset;
            struct {
                logic value;
            } clear_errors;
        } control;
        struct {
            struct {
                logic [31:0] value;
            } value;
        } admin_sq_base_lo;
        struct {
            struct {
                logic [31:0] value;
            } value;
        } admin_sq_base_hi;
        struct {
            struct {
                logic [31:0] value;
            } value;
        } admin_cq_base_lo;
        struct {
            struct {
                logic [31:0] value;
            } value;
        } admin_cq_base_hi;
        struct {
            struct {
                logic [3:0] value;
            } entries_log2;
        } admin_queue;
        struct {
            struct {
                logic [31:0] value;
            } value;
        } bus_timeout;
        struct {
            struct {
                logic [31:0] value;
            } value;
        } watchdog;
        struct {
            struct {
                struct {
                    logic [15:0] value;
                } value;
            } sq_tail;
            struct {
                struct {
                    logic [15:0] value;
                } value;
            } cq_head;
        } queue_pair[8];
    } field_storage_t;
    field_storage_t field_storage;

    // Field: whorl_csr.control.enable
    always_comb begin
        automatic logic [0:0] next_c;
        automatic logic load_next_c;
        next_c = field_storage.control.enable.value;
        load_next_c = '0;
        if(decoded_reg_strb.control && decoded_req_is_wr) begin // SW write
            next_c = (field_storage.control.enable.value & ~decoded_wr_biten[0:0]) | (decoded_wr_data[0:0] & decoded_wr_biten[0:0]);
            load_next_c = '1;
        end
        field_combo.control.enable.next = next_c;
        field_combo.control.enable.load_next = load_next_c;
    end
    always_ff @(posedge clk) begin
        if(rst) begin
            field_storage.control.enable.value <= 1'h0;
        end else begin
            if(field_combo.control.enable.load_next) begin
                field_storage.control.enable.value <= field_combo.control.enable.next;
            end
        end
    end
    assign hwif_out.control.enable.value = field_storage.control.enable.value;
    // Field: whorl_csr.control.reset
    always_comb begin
        automatic logic [0:0] next_c;
        automatic logic load_next_c;
        next_c = field_storage.control.reset.value;
        load_next_c = '0;
        if(decoded_reg_strb.control && decoded_req_is_wr) begin // SW write
            next_c = (field_storage.control.reset.value & ~decoded_wr_biten[1:1]) | (decoded_wr_data[1:1] & decoded_wr_biten[1:1]);
            load_next_c = '1;
        end else begin // singlepulse clears back to 0
            next_c = '0;
            load_next_c = '1;
        end
        field_combo.control.reset.next = next_c;
        field_combo.control.reset.load_next = load_next_c;
    end
    always_ff @(posedge clk) begin
        if(rst) begin
            field_storage.control.reset.value <= 1'h0;
        end else begin
            if(field_combo.control.reset.load_next) begin
                field_storage.control.reset.value <= field_combo.control.reset.next;
            end
        end
    end
    assign hwif_out.control.reset.value = field_storage.control.reset.value;
    // Field: whorl_csr.control.clear_errors
    always_comb begin
        automatic logic [0:0] next_c;
        automatic logic load_next_c;
        next_c = field_storage.control.clear_errors.value;
        load_next_c = '0;
        if(decoded_reg_strb.control && decoded_req_is_wr) begin // SW write
            next_c = (field_storage.control.clear_errors.value & ~decoded_wr_biten[2:2]) | (decoded_wr_data[2:2] & decoded_wr_biten[2:2]);
            load_next_c = '1;
        end else begin // singlepulse clears back to 0
            next_c = '0;
            load_next_c = '1;
        end
        field_combo.control.clear_errors.next = next_c;
        field_combo.control.clear_errors.load_next = load_next_c;
    end
    always_ff @(posedge clk) begin
        if(rst) begin
            field_storage.control.clear_errors.value <= 1'h0;
        end else begin
            if(field_combo.control.clear_errors.load_next) begin
                field_storage.control.clear_errors.value <= field_combo.control.clear_errors.next;
            end
        end
    end
    assign hwif_out.control.clear_errors.value = field_storage.control.clear_errors.value;
    // Field: whorl_csr.admin_sq_base_lo.value
    always_comb begin
        automatic logic [31:0] next_c;
        automatic logic load_next_c;
        next_c = field_storage.admin_sq_base_lo.value.value;
        load_next_c = '0;
        if(decoded_reg_strb.admin_sq_base_lo && decoded_req_is_wr) begin // SW write
            next_c = (field_storage.admin_sq_base_lo.value.value & ~decoded_wr_biten[31:0]) | (decoded_wr_data[31:0] & decoded_wr_biten[31:0]);
            load_next_c = '1;
        end
        field_combo.admin_sq_base_lo.value.next = next_c;
        field_combo.admin_sq_base_lo.value.load_next = load_next_c;
    end
    always_ff @(posedge clk) begin
        if(rst) begin
            field_storage.admin_sq_base_lo.value.value <= 32'h0;
        end else begin
            if(field_combo.admin_sq_base_lo.value.load_next) begin
                field_storage.admin_sq_base_lo.value.value <= field_combo.admin_sq_base_lo.value.next;
            end
        end
    end
    assign hwif_out.admin_sq_base_lo.value.value = field_storage.admin_sq_base_lo.value.value;
    // Field: whorl_csr.admin_sq_base_hi.value
    always_comb begin
        automatic logic [31:0] next_c;
        automatic logic load_next_c;
        next_c = field_storage.admin_sq_base_hi.value.value;
        load_next_c = '0;
        if(decoded_reg_strb.admin_sq_base_hi && decoded_req_is_wr) begin // SW write
            next_c = (field_storage.admin_sq_base_hi.value.value & ~decoded_wr_biten[31:0]) | (decoded_wr_data[31:0] & decoded_wr_biten[31:0]);
            load_next_c = '1;
        end
        field_combo.admin_sq_base_hi.value.next = next_c;
        field_combo.admin_sq_base_hi.value.load_next = load_next_c;
    end
    always_ff @(posedge clk) begin
        if(rst) begin
            field_storage.admin_sq_base_hi.value.value <= 32'h0;
        end else begin
            if(field_combo.admin_sq_base_hi.value.load_next) begin
                field_storage.admin_sq_base_hi.value.value <= field_combo.admin_sq_base_hi.value.next;
            end
        end
    end
    assign hwif_out.admin_sq_base_hi.value.value = field_storage.admin_sq_base_hi.value.value;
    // Field: whorl_csr.admin_cq_base_lo.value
    always_comb begin
        automatic logic [31:0] next_c;
        automatic logic load_next_c;
        next_c = field_storage.admin_cq_base_lo.value.value;
        load_next_c = '0;
        if(decoded_reg_strb.admin_cq_base_lo && decoded_req_is_wr) begin // SW write
            next_c = (field_storage.admin_cq_base_lo.value.value & ~decoded_wr_biten[31:0]) | (decoded_wr_data[31:0] & decoded_wr_biten[31:0]);
            load_next_c = '1;
        end
        field_combo.admin_cq_base_lo.value.next = next_c;
        field_combo.admin_cq_base_lo.value.load_next = load_next_c;
    end
    always_ff @(posedge clk) begin
        if(rst) begin
            field_storage.admin_cq_base_lo.value.value <= 32'h0;
        end else begin
            if(field_combo.admin_cq_base_lo.value.load_next) begin
                field_storage.admin_cq_base_lo.value.value <= field_combo.admin_cq_base_lo.value.next;
            end
        end
    end
    assign hwif_out.admin_cq_base_lo.value.value = field_storage.admin_cq_base_lo.value.value;
    // Field: whorl_csr.admin_cq_base_hi.value
    always_comb begin
        automatic logic [31:0] next_c;
        automatic logic load_next_c;
        next_c = field_storage.admin_cq_base_hi.value.value;
        load_next_c = '0;
        if(decoded_reg_strb.admin_cq_base_hi && decoded_req_is_wr) begin // SW write
            next_c = (field_storage.admin_cq_base_hi.value.value & ~decoded_wr_biten[31:0]) | (decoded_wr_data[31:0] & decoded_wr_biten[31:0]);
            load_next_c = '1;
        end
        field_combo.admin_cq_base_hi.value.next = next_c;
        field_combo.admin_cq_base_hi.value.load_next = load_next_c;
    end
    always_ff @(posedge clk) begin
        if(rst) begin
            field_storage.admin_cq_base_hi.value.value <= 32'h0;
        end else begin
            if(field_combo.admin_cq_base_hi.value.load_next) begin
                field_storage.admin_cq_base_hi.value.value <= field_combo.admin_cq_base_hi.value.next;
            end
        end
    end
    assign hwif_out.admin_cq_base_hi.value.value = field_storage.admin_cq_base_hi.value.value;
    // Field: whorl_csr.admin_queue.entries_log2
    always_comb begin
        automatic logic [3:0] next_c;
        automatic logic load_next_c;
        next_c = field_storage.admin_queue.entries_log2.value;
        load_next_c = '0;
        if(decoded_reg_strb.admin_queue && decoded_req_is_wr) begin // SW write
            next_c = (field_storage.admin_queue.entries_log2.value & ~decoded_wr_biten[3:0]) | (decoded_wr_data[3:0] & decoded_wr_biten[3:0]);
            load_next_c = '1;
        end
        field_combo.admin_queue.entries_log2.next = next_c;
        field_combo.admin_queue.entries_log2.load_next = load_next_c;
    end
    always_ff @(posedge clk) begin
        if(rst) begin
            field_storage.admin_queue.entries_log2.value <= 4'h0;
        end else begin
            if(field_combo.admin_queue.entries_log2.load_next) begin
                field_storage.admin_queue.entries_log2.value <= field_combo.admin_queue.entries_log2.next;
            end
        end
    end
    assign hwif_out.admin_queue.entries_log2.value = field_storage.admin_queue.entries_log2.value;
    // Field: whorl_csr.bus_timeout.value
    always_comb begin
        automatic logic [31:0] next_c;
        automatic logic load_next_c;
        next_c = field_storage.bus_timeout.value.value;
        load_next_c = '0;
        if(decoded_reg_strb.bus_timeout && decoded_req_is_wr) begin // SW write
            next_c = (field_storage.bus_timeout.value.value & ~decoded_wr_biten[31:0]) | (decoded_wr_data[31:0] & decoded_wr_biten[31:0]);
            load_next_c = '1;
        end
        field_combo.bus_timeout.value.next = next_c;
        field_combo.bus_timeout.value.load_next = load_next_c;
    end
    always_ff @(posedge clk) begin
        if(rst) begin
            field_storage.bus_timeout.value.value <= 32'h2625a0;
        end else begin
            if(field_combo.bus_timeout.value.load_next) begin
                field_storage.bus_timeout.value.value <= field_combo.bus_timeout.value.next;
            end
        end
    end
    assign hwif_out.bus_timeout.value.value = field_storage.bus_timeout.value.value;
    // Field: whorl_csr.watchdog.value
    always_comb begin
        automatic logic [31:0] next_c;
        automatic logic load_next_c;
        next_c = field_storage.watchdog.value.value;
        load_next_c = '0;
        if(decoded_reg_strb.watchdog && decoded_req_is_wr) begin // SW write
            next_c = (field_storage.watchdog.value.value & ~decoded_wr_biten[31:0]) | (decoded_wr_data[31:0] & decoded_wr_biten[31:0]);
            load_next_c = '1;
        end
        field_combo.watchdog.value.next = next_c;
        field_combo.watchdog.value.load_next = load_next_c;
    end
    always_ff @(posedge clk) begin
        if(rst) begin
            field_storage.watchdog.value.value <= 32'h0;
        end else begin
            if(field_combo.watchdog.value.load_next) begin
                field_storage.watchdog.value.value <= field_combo.watchdog.value.next;
            end
        end
    end
    assign hwif_out.watchdog.value.value = field_storage.watchdog.value.value;
    for(genvar i0=0; i0<8; i0++) begin
        // Field: whorl_csr.queue_pair[].sq_tail.value
        always_comb begin
            automatic logic [15:0] next_c;
            automatic logic load_next_c;
            next_c = field_storage.queue_pair[i0].sq_tail.value.value;
            load_next_c = '0;
            if(decoded_reg_strb.queue_pair[i0].sq_tail && decoded_req_is_wr) begin // SW write
                next_c = (field_storage.queue_pair[i0].sq_tail.value.value & ~decoded_wr_biten[15:0]) | (decoded_wr_data[15:0] & decoded_wr_biten[15:0]);
                load_next_c = '1;
            end
            field_combo.queue_pair[i0].sq_tail.value.next = next_c;
            field_combo.queue_pair[i0].sq_tail.value.load_next = load_next_c;
        end
        always_ff @(posedge clk) begin
            if(rst) begin
                field_storage.queue_pair[i0].sq_tail.value.value <= 16'h0;
            end else begin
                if(field_combo.queue_pair[i0].sq_tail.value.load_next) begin
                    field_storage.queue_pair[i0].sq_tail.value.value <= field_combo.queue_pair[i0].sq_tail.value.next;
                end
            end
        end
        assign hwif_out.queue_pair[i0].sq_tail.value.value = field_storage.queue_pair[i0].sq_tail.value.value;
        assign hwif_out.queue_pair[i0].sq_tail.value.swmod = decoded_reg_strb.queue_pair[i0].sq_tail && decoded_req_is_wr && |(decoded_wr_biten[15:0]);
        // Field: whorl_csr.queue_pair[].cq_head.value
        always_comb begin
            automatic logic [15:0] next_c;
            automatic logic load_next_c;
            next_c = field_storage.queue_pair[i0].cq_head.value.value;
            load_next_c = '0;
            if(decoded_reg_strb.queue_pair[i0].cq_head && decoded_req_is_wr) begin // SW write
                next_c = (field_storage.queue_pair[i0].cq_head.value.value & ~decoded_wr_biten[15:0]) | (decoded_wr_data[15:0] & decoded_wr_biten[15:0]);
                load_next_c = '1;
            end
            field_combo.queue_pair[i0].cq_head.value.next = next_c;
            field_combo.queue_pair[i0].cq_head.value.load_next = load_next_c;
        end
        always_ff @(posedge clk) begin
            if(rst) begin
                field_storage.queue_pair[i0].cq_head.value.value <= 16'h0;
            end else begin
                if(field_combo.queue_pair[i0].cq_head.value.load_next) begin
                    field_storage.queue_pair[i0].cq_head.value.value <= field_combo.queue_pair[i0].cq_head.value.next;
                end
            end
        end
        assign hwif_out.queue_pair[i0].cq_head.value.value = field_storage.queue_pair[i0].cq_head.value.value;
        assign hwif_out.queue_pair[i0].cq_head.value.swmod = decoded_reg_strb.queue_pair[i0].cq_head && decoded_req_is_wr && |(decoded_wr_biten[15:0]);
    end

    //--------------------------------------------------------------------------
    // Write response
    //--------------------------------------------------------------------------
    assign cpuif_wr_ack = decoded_req & decoded_req_is_wr;
    // Writes are always granted with no error response
    assign cpuif_wr_err = '0;

    //--------------------------------------------------------------------------
    // Readback
    //--------------------------------------------------------------------------

    logic [12:0] rd_mux_addr;
    assign rd_mux_addr = decoded_addr;

    logic readback_err;
    logic readback_done;
    logic [31:0] readback_data;
    always_comb begin
        automatic logic [31:0] readback_data_var;
        readback_data_var = '0;
        if(rd_mux_addr == 13'h0) begin
            readback_data_var[31:0] = 32'h4c524857;
        end
        if(rd_mux_addr == 13'h4) begin
            readback_data_var[15:0] = hwif_in.id_version.minor.next;
            readback_data_var[31:16] = hwif_in.id_version.major.next;
        end
        if(rd_mux_addr == 13'h8) begin
            readback_data_var[31:0] = hwif_in.id_spec_hash.value.next;
        end
        if(rd_mux_addr == 13'hc) begin
            readback_data_var[31:0] = hwif_in.id_build.value.next;
        end
        if(rd_mux_addr == 13'h10) begin
            readback_data_var[7:0] = hwif_in.capability0.streams.next;
            readback_data_var[15:8] = hwif_in.capability0.probes.next;
            readback_data_var[23:16] = hwif_in.capability0.queue_pairs.next;
            readback_data_var[31:24] = hwif_in.capability0.lanes.next;
        end
        if(rd_mux_addr == 13'h14) begin
            readback_data_var[15:0] = hwif_in.capability1.top_k_max.next;
            readback_data_var[23:16] = hwif_in.capability1.queue_entries_log2_max.next;
            readback_data_var[31:24] = hwif_in.capability1.memory_channels.next;
        end
        if(rd_mux_addr == 13'h20) begin
            readback_data_var[0] = field_storage.control.enable.value;
        end
        if(rd_mux_addr == 13'h24) begin
            readback_data_var[0] = hwif_in.status.ready.next;
            readback_data_var[1] = hwif_in.status.busy.next;
            readback_data_var[2] = hwif_in.status.dma_idle.next;
            readback_data_var[3] = hwif_in.status.fault.next;
            readback_data_var[4] = hwif_in.status.hung.next;
        end
        if(rd_mux_addr == 13'h30) begin
            readback_data_var[7:0] = hwif_in.error_log.code.next;
            readback_data_var[15:8] = hwif_in.error_log.queue_index.next;
            readback_data_var[31:16] = hwif_in.error_log.tag.next;
        end
        if(rd_mux_addr == 13'h34) begin
            readback_data_var[31:0] = hwif_in.error_address_lo.value.next;
        end
        if(rd_mux_addr == 13'h38) begin
            readback_data_var[31:0] = hwif_in.error_address_hi.value.next;
        end
        if(rd_mux_addr == 13'h40) begin
            readback_data_var[31:0] = field_storage.admin_sq_base_lo.value.value;
        end
        if(rd_mux_addr == 13'h44) begin
            readback_data_var[31:0] = field_storage.admin_sq_base_hi.value.value;
        end
        if(rd_mux_addr == 13'h48) begin
            readback_data_var[31:0] = field_storage.admin_cq_base_lo.value.value;
        end
        if(rd_mux_addr == 13'h4c) begin
            readback_data_var[31:0] = field_storage.admin_cq_base_hi.value.value;
        end
        if(rd_mux_addr == 13'h50) begin
            readback_data_var[3:0] = field_storage.admin_queue.entries_log2.value;
        end
        if(rd_mux_addr == 13'h60) begin
            readback_data_var[31:0] = field_storage.bus_timeout.value.value;
        end
        if(rd_mux_addr == 13'h64) begin
            readback_data_var[31:0] = field_storage.watchdog.value.value;
        end
        if(rd_mux_addr == 13'h68) begin
            readback_data_var[31:0] = hwif_in.error_count.value.next;
        end
        if(rd_mux_addr == 13'h6c) begin
            readback_data_var[7:0] = hwif_in.last_error.code.next;
            readback_data_var[15:8] = hwif_in.last_error.queue_index.next;
            readback_data_var[31:16] = hwif_in.last_error.tag.next;
        end
        if(rd_mux_addr == 13'h70) begin
            readback_data_var[31:0] = hwif_in.last_error_address_lo.value.next;
        end
        if(rd_mux_addr == 13'h74) begin
            readback_data_var[31:0] = hwif_in.last_error_address_hi.value.next;
        end
        for(int i0=0; i0<8; i0++) begin
            if(rd_mux_addr == 13'h80 + (13)'(i0) * 13'h4) begin
                readback_data_var[31:0] = hwif_in.memory[i0].units.value.next;
            end
        end
        if(rd_mux_addr == 13'h100) begin
            readback_data_var[31:0] = hwif_in.cycles_lo.value.next;
        end
        if(rd_mux_addr == 13'h104) begin
            readback_data_var[31:0] = hwif_in.cycles_hi.value.next;
        end
        if(rd_mux_addr == 13'h108) begin
            readback_data_var[31:0] = hwif_in.busy_cycles_lo.value.next;
        end
        if(rd_mux_addr == 13'h10c) begin
            readback_data_var[31:0] = hwif_in.busy_cycles_hi.value.next;
        end
        if(rd_mux_addr == 13'h110) begin
            readback_data_var[31:0] = hwif_in.read_beats_lo.value.next;
        end
        if(rd_mux_addr == 13'h114) begin
            readback_data_var[31:0] = hwif_in.read_beats_hi.value.next;
        end
        if(rd_mux_addr == 13'h118) begin
            readback_data_var[31:0] = hwif_in.write_beats_lo.value.next;
        end
        if(rd_mux_addr == 13'h11c) begin
            readback_data_var[31:0] = hwif_in.write_beats_hi.value.next;
        end
        if(rd_mux_addr == 13'h120) begin
            readback_data_var[31:0] = hwif_in.records_lo.value.next;
        end
        if(rd_mux_addr == 13'h124) begin
            readback_data_var[31:0] = hwif_in.records_hi.value.next;
        end
        if(rd_mux_addr == 13'h128) begin
            readback_data_var[31:0] = hwif_in.minutiae_lo.value.next;
        end
        if(rd_mux_addr == 13'h12c) begin
            readback_data_var[31:0] = hwif_in.minutiae_hi.value.next;
        end
        if(rd_mux_addr == 13'h130) begin
            readback_data_var[31:0] = hwif_in.read_errors.value.next;
        end
        if(rd_mux_addr == 13'h134) begin
            readback_data_var[31:0] = hwif_in.write_errors.value.next;
        end
        if(rd_mux_addr == 13'h138) begin
            readback_data_var[31:0] = hwif_in.commands.value.next;
        end
        if(rd_mux_addr == 13'h140) begin
            readback_data_var[31:0] = hwif_in.comparisons_lo.value.next;
        end
        if(rd_mux_addr == 13'h144) begin
            readback_data_var[31:0] = hwif_in.comparisons_hi.value.next;
        end
        if(rd_mux_addr == 13'h148) begin
            readback_data_var[31:0] = hwif_in.candidates_lo.value.next;
        end
        if(rd_mux_addr == 13'h14c) begin
            readback_data_var[31:0] = hwif_in.candidates_hi.value.next;
        end
        if(rd_mux_addr == 13'h150) begin
            readback_data_var[31:0] = hwif_in.read_wait_lo.value.next;
        end
        if(rd_mux_addr == 13'h154) begin
            readback_data_var[31:0] = hwif_in.read_wait_hi.value.next;
        end
        if(rd_mux_addr == 13'h158) begin
            readback_data_var[31:0] = hwif_in.read_hold_lo.value.next;
        end
        if(rd_mux_addr == 13'h15c) begin
            readback_data_var[31:0] = hwif_in.read_hold_hi.value.next;
        end
        for(int i0=0; i0<8; i0++) begin
            if(rd_mux_addr == 13'h200 + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].active_lo.value.next;
            end
            if(rd_mux_addr == 13'h204 + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].active_hi.value.next;
            end
            if(rd_mux_addr == 13'h208 + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].minutiae_lo.value.next;
            end
            if(rd_mux_addr == 13'h20c + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].minutiae_hi.value.next;
            end
            if(rd_mux_addr == 13'h210 + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].records_lo.value.next;
            end
            if(rd_mux_addr == 13'h214 + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].records_hi.value.next;
            end
            if(rd_mux_addr == 13'h218 + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].lines_lo.value.next;
            end
            if(rd_mux_addr == 13'h21c + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].lines_hi.value.next;
            end
            if(rd_mux_addr == 13'h220 + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].starved_lo.value.next;
            end
            if(rd_mux_addr == 13'h224 + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].starved_hi.value.next;
            end
            if(rd_mux_addr == 13'h228 + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].stall_engine_lo.value.next;
            end
            if(rd_mux_addr == 13'h22c + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].stall_engine_hi.value.next;
            end
            if(rd_mux_addr == 13'h230 + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].stall_collect_lo.value.next;
            end
            if(rd_mux_addr == 13'h234 + (13)'(i0) * 13'h40) begin
                readback_data_var[31:0] = hwif_in.stream[i0].stall_collect_hi.value.next;
            end
        end
        for(int i0=0; i0<8; i0++) begin
            if(rd_mux_addr == 13'h1000 + (13)'(i0) * 13'h20) begin
                readback_data_var[15:0] = field_storage.queue_pair[i0].sq_tail.value.value;
            end
            if(rd_mux_addr == 13'h1004 + (13)'(i0) * 13'h20) begin
                readback_data_var[15:0] = field_storage.queue_pair[i0].cq_head.value.value;
            end
            if(rd_mux_addr == 13'h1008 + (13)'(i0) * 13'h20) begin
                readback_data_var[15:0] = hwif_in.queue_pair[i0].sq_head.value.next;
            end
            if(rd_mux_addr == 13'h100c + (13)'(i0) * 13'h20) begin
                readback_data_var[15:0] = hwif_in.queue_pair[i0].cq_tail.value.next;
            end
        end
        readback_data = readback_data_var;
        readback_done = decoded_req & ~decoded_req_is_wr;
        readback_err = '0;
    end

    assign cpuif_rd_ack = readback_done;
    assign cpuif_rd_data = readback_data;
    assign cpuif_rd_err = readback_err;
endmodule
