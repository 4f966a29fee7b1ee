// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Bursts and beats between the AXI ports and their clients.
package dma_pkg;
  import whorl_gen_pkg::*;

  /// Bits of an AXI identifier; each client of a port has one identifier.
  localparam int unsigned AXI_ID_BITS = 5;
  /// Read bursts that the host bus may owe at once (DESIGN, limits of the shells).
  localparam int unsigned READS_IN_FLIGHT_MAX = 32;
  /// Write bursts whose response may be owed at once.
  localparam int unsigned WRITES_IN_FLIGHT_MAX = 16;
  /// Lines of a burst at most. Bursts end at multiples of 1 KiB, so none crosses 4 KiB.
  localparam int unsigned BURST_LINES_MAX = 16;
  /// Address bits within a line.
  localparam int unsigned LINE_OFFSET_BITS = $clog2(LINE_BYTES);

  typedef logic [8*LINE_BYTES-1:0] line_data_t;

  /// A memory: 0 the host's, c + 1 channel c of the card's.
  typedef logic [$clog2(CHANNELS_MAX + 1)-1:0] memory_t;

  /// One AXI burst of whole lines.
  typedef struct packed {
    logic [63:0] host_addr;    // in the memory behind the port, a multiple of LINE_BYTES
    logic [7:0]  lines_less1;  // as AxLEN
  } burst_t;

  /// One beat of a read burst.
  typedef struct packed {
    line_data_t data;
    logic       error;  // the host answered this beat with an error; data is meaningless
    logic       last;   // of its burst
  } read_beat_t;

  /// One beat of a write burst.
  typedef struct packed {
    line_data_t              data;
    logic [LINE_BYTES-1:0]   strobe;
    logic                    last;  // of its burst
  } write_beat_t;

  /// A run of consecutive lines to be read.
  typedef struct packed {
    logic [63:0] host_addr;  // multiple of LINE_BYTES
    logic [23:0] lines;      // 1 or more
  } fetch_request_t;

  /// A line as it came from the host.
  typedef struct packed {
    line_data_t data;
    logic       error;
  } fetched_line_t;

  /// Number of a line within its 1 KiB, host_addr[LINE_OFFSET_BITS +: BURST_BITS].
  localparam int unsigned BURST_BITS = $clog2(BURST_LINES_MAX);
  typedef logic [BURST_BITS-1:0] burst_line_t;

  /// Lines from this one to the next multiple of 1 KiB: 1 to BURST_LINES_MAX.
  function automatic logic [BURST_BITS:0] lines_to_burst_end(burst_line_t line);
    return (BURST_BITS + 1)'(BURST_LINES_MAX) - {1'b0, line};
  endfunction
endpackage
