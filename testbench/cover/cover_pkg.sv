// SPDX-License-Identifier: Apache-2.0 OR MIT

/// What the bins count over.
package cover_pkg;
  import whorl_gen_pkg::*;

  // With which statuses an executor may end: bit s stands for status s.
  localparam logic [15:0] PROBE_STATUSES = (16'd1 << STATUS_SUCCESS) | (16'd1 << STATUS_INVALID_FIELD)
      | (16'd1 << STATUS_DMA_READ_ERROR) | (16'd1 << STATUS_CRC_MISMATCH) | (16'd1 << STATUS_ABORTED);
  localparam logic [15:0] SEARCH_STATUSES = (16'd1 << STATUS_SUCCESS) | (16'd1 << STATUS_INVALID_FIELD)
      | (16'd1 << STATUS_PROBE_NOT_LOADED) | (16'd1 << STATUS_DMA_READ_ERROR) | (16'd1 << STATUS_DMA_WRITE_ERROR)
      | (16'd1 << STATUS_CRC_MISMATCH) | (16'd1 << STATUS_RECORD_FORMAT) | (16'd1 << STATUS_ABORTED)
      | (16'd1 << STATUS_PROBE_PARITY) | (16'd1 << STATUS_ADDRESS_RANGE);
  localparam logic [15:0] COPY_STATUSES = (16'd1 << STATUS_SUCCESS) | (16'd1 << STATUS_INVALID_FIELD)
      | (16'd1 << STATUS_DMA_READ_ERROR) | (16'd1 << STATUS_DMA_WRITE_ERROR) | (16'd1 << STATUS_CRC_MISMATCH)
      | (16'd1 << STATUS_ABORTED) | (16'd1 << STATUS_ADDRESS_RANGE);
  localparam logic [15:0] EXTENT_STATUSES = (16'd1 << STATUS_DMA_READ_ERROR) | (16'd1 << STATUS_CRC_MISMATCH)
      | (16'd1 << STATUS_RECORD_FORMAT);
  localparam logic [15:0] DESCRIPTOR_STATUSES = (16'd1 << STATUS_INVALID_FIELD) | (16'd1 << STATUS_DMA_READ_ERROR)
      | (16'd1 << STATUS_ADDRESS_RANGE);

  // What the I/O executor makes of its executors' ends.
  localparam logic [15:0] OUTSIDE_STATUSES = (16'd1 << STATUS_TIMEOUT) | (16'd1 << STATUS_WATCHDOG);
  localparam logic [15:0] UNREAD_IO_STATUSES = (16'd1 << STATUS_DMA_READ_ERROR) | (16'd1 << STATUS_TIMEOUT);

  // With which statuses a command of the admin queue may end.
  localparam logic [15:0] CREATE_STATUSES = (16'd1 << STATUS_SUCCESS) | (16'd1 << STATUS_INVALID_FIELD)
      | (16'd1 << STATUS_INVALID_QUEUE);
  localparam logic [15:0] DELETE_STATUSES  = CREATE_STATUSES;  // and of RESET_QUEUE_PAIR
  localparam logic [15:0] ABORT_STATUSES   = (16'd1 << STATUS_SUCCESS) | (16'd1 << STATUS_INVALID_FIELD);
  localparam logic [15:0] UNREAD_STATUSES  = 16'd1 << STATUS_DMA_READ_ERROR;
  localparam logic [15:0] UNKNOWN_STATUSES = 16'd1 << STATUS_INVALID_OPCODE;

  // The opcodes of a queue, one a byte, filled up with the first.
  localparam logic [63:0] ADMIN_OPCODES = {OPCODE_DELETE_QUEUE_PAIR, OPCODE_ABORT, OPCODE_RESET_QUEUE_PAIR,
      {5{OPCODE_CREATE_QUEUE_PAIR}}};
  localparam logic [63:0] IO_OPCODES    = {OPCODE_SEARCH, OPCODE_COPY, {6{OPCODE_LOAD_PROBE}}};

  /// Sectors that angles are counted in.
  localparam int unsigned SECTORS = 64;
endpackage
