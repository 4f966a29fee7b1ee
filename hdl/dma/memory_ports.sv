// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// All memories of a card: the host's behind one AXI4 port, each channel of card memory behind one of its own.
///
/// The first HostReaders read clients and all but the last write client know host memory only. Each of the others names
/// a memory with its bursts: 0 the host's, c + 1 channel c. It may name another one only when no beat or answer is
/// owed to it, so its beats stay in order. A memory that does not answer costs a client its burst (read_guard). A port
/// carries one line per cycle; its clients take turns. Between a port and a client that may read everywhere lies one
/// register.
module memory_ports import whorl_gen_pkg::*, dma_pkg::*; #(
  parameter int unsigned Channels    = 1,                   // 0 to CHANNELS_MAX
  parameter int unsigned HostReaders = 3,
  parameter int unsigned Readers     = 2,                   // that may read everywhere
  parameter int unsigned Writers     = 3,
  localparam int unsigned Clients    = HostReaders + Readers,
  localparam int unsigned Ports      = Channels == 0 ? 1 : Channels
) (
  input  logic                   clk_i,
  input  logic                   rst_i,
  input  logic                   clear_i,                   // the clients are in reset; rst_i resets the ports as well
  input  logic                   drain_i,
  input  logic [31:0]            timeout_i,                 // cycles, 0: never
  output logic                   idle_o,                    // no memory owes anything
  output logic                   settled_o,                 // nothing but to hung clients
  output logic [Clients-1:0]     read_hung_o,
  output logic [Writers-1:0]     write_hung_o,
  // read clients
  input  logic [Clients-1:0]     read_burst_valid_i,
  output logic [Clients-1:0]     read_burst_ready_o,
  input  burst_t                 read_burst_i [Clients],
  input  memory_t                read_memory_i [Readers],
  output logic [Clients-1:0]     read_beat_valid_o,
  output read_beat_t             host_beat_o,               // of the first HostReaders clients
  output read_beat_t             read_beat_o [Readers],
  // write clients
  input  logic [Writers-1:0]     write_burst_valid_i,
  output logic [Writers-1:0]     write_burst_ready_o,
  input  burst_t                 write_burst_i [Writers],
  input  memory_t                write_memory_i,            // of the last
  input  logic [Writers-1:0]     write_beat_valid_i,
  output logic [Writers-1:0]     write_beat_ready_o,
  input  write_beat_t            write_beat_i [Writers],
  output logic [Writers-1:0]     write_response_valid_o,
  output logic [Writers-1:0]     write_response_error_o,
  // for the counters: pulses of the host's port
  output logic                   host_read_beat_o,
  output logic                   host_read_wait_o,          // beats are owed, none came
  output logic                   host_write_beat_o,
  output logic                   host_read_error_o,
  output logic                   host_write_error_o,
  // host memory
  output logic [AXI_ID_BITS-1:0] m_axi_awid, m_axi_arid,
  output logic [63:0]            m_axi_awaddr, m_axi_araddr,
  output logic [7:0]             m_axi_awlen, m_axi_arlen,
  output logic [2:0]             m_axi_awsize, m_axi_arsize,
  output logic [1:0]             m_axi_awburst, m_axi_arburst,
  output logic                   m_axi_awvalid, m_axi_arvalid, m_axi_wvalid, m_axi_wlast, m_axi_bready, m_axi_rready,
  output line_data_t             m_axi_wdata,
  output logic [LINE_BYTES-1:0]  m_axi_wstrb,
  input  logic                   m_axi_awready, m_axi_arready, m_axi_wready, m_axi_bvalid, m_axi_rvalid, m_axi_rlast,
  input  logic [AXI_ID_BITS-1:0] m_axi_bid, m_axi_rid,
  input  logic [1:0]             m_axi_bresp, m_axi_rresp,
  input  line_data_t             m_axi_rdata,
  // card memory
  output logic [AXI_ID_BITS-1:0] m_axi_mem_awid [Ports], m_axi_mem_arid [Ports],
  output logic [63:0]            m_axi_mem_awaddr [Ports], m_axi_mem_araddr [Ports],
  output logic [7:0]             m_axi_mem_awlen [Ports], m_axi_mem_arlen [Ports],
  output logic [2:0]             m_axi_mem_awsize [Ports], m_axi_mem_arsize [Ports],
  output logic [1:0]             m_axi_mem_awburst [Ports], m_axi_mem_arburst [Ports],
  output logic                   m_axi_mem_awvalid [Ports], m_axi_mem_arvalid [Ports], m_axi_mem_wvalid [Ports],
  output logic                   m_axi_mem_wlast [Ports], m_axi_mem_bready [Ports], m_axi_mem_rready [Ports],
  output line_data_t             m_axi_mem_wdata [Ports],
  output logic [LINE_BYTES-1:0]  m_axi_mem_wstrb [Ports],
  input  logic                   m_axi_mem_awready [Ports], m_axi_mem_arready [Ports], m_axi_mem_wready [Ports],
  input  logic                   m_axi_mem_bvalid [Ports], m_axi_mem_rvalid [Ports], m_axi_mem_rlast [Ports],
  input  logic [AXI_ID_BITS-1:0] m_axi_mem_bid [Ports], m_axi_mem_rid [Ports],
  input  logic [1:0]             m_axi_mem_bresp [Ports], m_axi_mem_rresp [Ports],
  input  line_data_t             m_axi_mem_rdata [Ports]
);
  if (Channels > CHANNELS_MAX) begin : gen_check_channels
    $error("memory_ports: Channels must be 0 to CHANNELS_MAX");
  end

  localparam int unsigned Memories = Channels + 1;
  localparam int unsigned Routed   = Writers - 1;  // the write client that may write everywhere

  // By memory: what a client that may go everywhere asks of it and has from it.
  logic [Readers-1:0]  ask [Memories], taken [Memories], came [Memories], read_hung [Memories];
  read_beat_t          beat [Memories];
  burst_t              burst [Readers];
  logic [Memories-1:0] write_to, write_taken, write_beat_taken, write_answered, write_failed, read_idle, write_idle;
  logic [Memories-1:0] read_settled, write_settled, write_hung;
  logic [Clients-1:0]  host_read_hung;
  logic [Writers-1:0]  host_write_hung;
  logic                host_failed;
  logic [Clients-1:0]  host_ask, host_taken, host_came;
  logic [Writers-1:0]  host_write, host_write_taken, host_beat_offered, host_beat_taken, host_answered;

  always_comb begin
    for (int unsigned m = 0; m < Memories; m++) begin
      for (int unsigned r = 0; r < Readers; r++) begin
        ask[m][r] = read_burst_valid_i[HostReaders+r] && read_memory_i[r] == memory_t'(m);
      end
      write_to[m] = write_memory_i == memory_t'(m);
    end
    for (int unsigned r = 0; r < Readers; r++) burst[r] = read_burst_i[HostReaders+r];
  end

  assign host_ask = {ask[0], read_burst_valid_i[HostReaders-1:0]};
  assign taken[0] = host_taken[Clients-1:HostReaders];
  assign came[0]  = host_came[Clients-1:HostReaders];
  assign beat[0]  = host_beat_o;
  assign read_hung[0] = host_read_hung[Clients-1:HostReaders];

  always_comb begin
    read_hung_o  = host_read_hung;
    write_hung_o = host_write_hung;
    for (int unsigned m = 0; m < Memories; m++) read_hung_o[Clients-1:HostReaders] |= read_hung[m];
    write_hung_o[Routed] = |write_hung;
  end

  always_comb begin
    read_burst_ready_o = '0;
    read_burst_ready_o[HostReaders-1:0] = host_taken[HostReaders-1:0];
    for (int unsigned m = 0; m < Memories; m++) read_burst_ready_o[Clients-1:HostReaders] |= taken[m] & ask[m];
  end
  assign read_beat_valid_o[HostReaders-1:0] = host_came[HostReaders-1:0];

  for (genvar r = 0; r < Readers; r++) begin : gen_reader
    always_ff @(posedge clk_i) begin
      read_beat_valid_o[HostReaders+r] <= 1'b0;
      for (int unsigned m = 0; m < Memories; m++) begin
        if (came[m][r]) begin
          read_beat_valid_o[HostReaders+r] <= 1'b1;
          read_beat_o[r]                   <= beat[m];
        end
      end
      if (rst_i || clear_i) read_beat_valid_o[HostReaders+r] <= 1'b0;
    end

    logic [Memories-1:0] from;
    for (genvar m = 0; m < Memories; m++) begin : gen_from
      assign from[m] = came[m][r];
    end
    `ASSERT(BeatsOfOneMemory, $onehot0(from))
  end

  always_comb begin
    host_write                     = write_burst_valid_i;
    host_write[Routed]             = write_burst_valid_i[Routed] && write_to[0];
    host_beat_offered              = write_beat_valid_i;
    host_beat_offered[Routed]      = write_beat_valid_i[Routed] && write_to[0];
    write_burst_ready_o            = host_write_taken;
    write_beat_ready_o             = host_beat_taken;
    write_response_valid_o         = host_answered;
    write_response_error_o         = host_answered & {Writers{host_failed}};
    write_burst_ready_o[Routed]    = |(write_taken & write_to);
    write_beat_ready_o[Routed]     = |(write_beat_taken & write_to);
    write_response_valid_o[Routed] = |write_answered;
    write_response_error_o[Routed] = |(write_answered & write_failed);
  end
  assign write_taken[0]      = host_write_taken[Routed];
  assign write_beat_taken[0] = host_beat_taken[Routed];
  assign write_answered[0]   = host_answered[Routed];
  assign write_failed[0]     = host_failed;
  assign write_hung[0]       = host_write_hung[Routed];

  guarded_read_port #(.Clients(Clients)) i_read (
    .clk_i, .rst_i, .clear_i, .drain_i, .timeout_i,
    .idle_o       (read_idle[0]),
    .settled_o    (read_settled[0]),
    .hung_o       (host_read_hung),
    .burst_valid_i(host_ask),
    .burst_ready_o(host_taken),
    .burst_i      (read_burst_i),
    .beat_valid_o (host_came),
    .beat_o       (host_beat_o),
    .beat_done_o  (host_read_beat_o),
    .burst_error_o(host_read_error_o),
    .m_axi_arid, .m_axi_araddr, .m_axi_arlen, .m_axi_arsize, .m_axi_arburst, .m_axi_arvalid, .m_axi_arready,
    .m_axi_rid, .m_axi_rdata, .m_axi_rresp, .m_axi_rlast, .m_axi_rvalid, .m_axi_rready
  );

  guarded_write_port #(.Clients(Writers)) i_write (
    .clk_i, .rst_i, .clear_i, .drain_i, .timeout_i,
    .idle_o          (write_idle[0]),
    .settled_o       (write_settled[0]),
    .hung_o          (host_write_hung),
    .burst_valid_i   (host_write),
    .burst_ready_o   (host_write_taken),
    .burst_i         (write_burst_i),
    .beat_valid_i    (host_beat_offered),
    .beat_ready_o    (host_beat_taken),
    .beat_i          (write_beat_i),
    .response_valid_o(host_answered),
    .response_error_o(host_failed),
    .beat_done_o     (host_write_beat_o),
    .burst_error_o   (host_write_error_o),
    .m_axi_awid, .m_axi_awaddr, .m_axi_awlen, .m_axi_awsize, .m_axi_awburst, .m_axi_awvalid, .m_axi_awready,
    .m_axi_wdata, .m_axi_wstrb, .m_axi_wlast, .m_axi_wvalid, .m_axi_wready,
    .m_axi_bid, .m_axi_bresp, .m_axi_bvalid, .m_axi_bready
  );

  assign host_read_wait_o = !read_idle[0] && !host_read_beat_o;
  assign idle_o           = read_idle == '1 && write_idle == '1 && read_beat_valid_o == '0;
  assign settled_o        = read_settled == '1 && write_settled == '1 && read_beat_valid_o == '0;

  for (genvar c = 0; c < Channels; c++) begin : gen_channel
    burst_t      write_burst [1];
    write_beat_t write_beat [1];
    logic        unused_read_beat, unused_read_error, unused_write_beat, unused_write_error;

    assign write_burst[0] = write_burst_i[Routed];
    assign write_beat[0]  = write_beat_i[Routed];

    guarded_read_port #(.Clients(Readers)) i_read (
      .clk_i, .rst_i, .clear_i, .drain_i, .timeout_i,
      .idle_o       (read_idle[c+1]),
      .settled_o    (read_settled[c+1]),
      .hung_o       (read_hung[c+1]),
      .burst_valid_i(ask[c+1]),
      .burst_ready_o(taken[c+1]),
      .burst_i      (burst),
      .beat_valid_o (came[c+1]),
      .beat_o       (beat[c+1]),
      .beat_done_o  (unused_read_beat),
      .burst_error_o(unused_read_error),
      .m_axi_arid   (m_axi_mem_arid[c]),
      .m_axi_araddr (m_axi_mem_araddr[c]),
      .m_axi_arlen  (m_axi_mem_arlen[c]),
      .m_axi_arsize (m_axi_mem_arsize[c]),
      .m_axi_arburst(m_axi_mem_arburst[c]),
      .m_axi_arvalid(m_axi_mem_arvalid[c]),
      .m_axi_arready(m_axi_mem_arready[c]),
      .m_axi_rid    (m_axi_mem_rid[c]),
      .m_axi_rdata  (m_axi_mem_rdata[c]),
      .m_axi_rresp  (m_axi_mem_rresp[c]),
      .m_axi_rlast  (m_axi_mem_rlast[c]),
      .m_axi_rvalid (m_axi_mem_rvalid[c]),
      .m_axi_rready (m_axi_mem_rready[c])
    );

    guarded_write_port #(.Clients(1)) i_write (
      .clk_i, .rst_i, .clear_i, .drain_i, .timeout_i,
      .idle_o          (write_idle[c+1]),
      .settled_o       (write_settled[c+1]),
      .hung_o          (write_hung[c+1]),
      .burst_valid_i   (write_burst_valid_i[Routed] && write_to[c+1]),
      .burst_ready_o   (write_taken[c+1]),
      .burst_i         (write_burst),
      .beat_valid_i    (write_beat_valid_i[Routed] && write_to[c+1]),
      .beat_ready_o    (write_beat_taken[c+1]),
      .beat_i          (write_beat),
      .response_valid_o(write_answered[c+1]),
      .response_error_o(write_failed[c+1]),
      .beat_done_o     (unused_write_beat),
      .burst_error_o   (unused_write_error),
      .m_axi_awid      (m_axi_mem_awid[c]),
      .m_axi_awaddr    (m_axi_mem_awaddr[c]),
      .m_axi_awlen     (m_axi_mem_awlen[c]),
      .m_axi_awsize    (m_axi_mem_awsize[c]),
      .m_axi_awburst   (m_axi_mem_awburst[c]),
      .m_axi_awvalid   (m_axi_mem_awvalid[c]),
      .m_axi_awready   (m_axi_mem_awready[c]),
      .m_axi_wdata     (m_axi_mem_wdata[c]),
      .m_axi_wstrb     (m_axi_mem_wstrb[c]),
      .m_axi_wlast     (m_axi_mem_wlast[c]),
      .m_axi_wvalid    (m_axi_mem_wvalid[c]),
      .m_axi_wready    (m_axi_mem_wready[c]),
      .m_axi_bid       (m_axi_mem_bid[c]),
      .m_axi_bresp     (m_axi_mem_bresp[c]),
      .m_axi_bvalid    (m_axi_mem_bvalid[c]),
      .m_axi_bready    (m_axi_mem_bready[c])
    );
  end

  if (Channels == 0) begin : gen_no_channel
    logic unused_inputs;
    assign unused_inputs = ^{burst[0], m_axi_mem_awready[0], m_axi_mem_arready[0], m_axi_mem_wready[0], m_axi_mem_bvalid[0],
        m_axi_mem_rvalid[0], m_axi_mem_rlast[0], m_axi_mem_bid[0], m_axi_mem_rid[0], m_axi_mem_bresp[0],
        m_axi_mem_rresp[0], m_axi_mem_rdata[0]};
    assign {m_axi_mem_awid[0], m_axi_mem_arid[0], m_axi_mem_awaddr[0], m_axi_mem_araddr[0], m_axi_mem_awlen[0],
        m_axi_mem_arlen[0], m_axi_mem_awsize[0], m_axi_mem_arsize[0], m_axi_mem_awburst[0], m_axi_mem_arburst[0],
        m_axi_mem_awvalid[0], m_axi_mem_arvalid[0], m_axi_mem_wvalid[0], m_axi_mem_wlast[0], m_axi_mem_bready[0],
        m_axi_mem_rready[0], m_axi_mem_wdata[0], m_axi_mem_wstrb[0]} = '0;
  end

  `ASSERT_IF(WritesToAMemoryOfTheCard, write_burst_valid_i[Routed], write_to != '0)
endmodule
