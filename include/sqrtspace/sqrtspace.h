/* sqrtspace/sqrtspace.h - run a graph of stages over a very long stream, in the memory you give it.
 * SPDX-License-Identifier: MIT
 *
 *   sqs_pipeline *p = NULL;  sqs_result *r = NULL;  sqs_error *e = NULL;
 *   sqs_format f;   sqs_format_init(&f, sizeof f);
 *   f.dtype = SQS_F32;  f.channels = 1;  f.window = 4096;  f.hop = 1024;
 *   sqs_stage s;    sqs_stage_init(&s, sizeof s);
 *   s.kind = SQS_MAP;  s.dtype = SQS_F32;  s.process = my_stage;          one float per window
 *   const char *in = "input";
 *   if (sqs_pipeline_create(&f, &p, &e) ||
 *       sqs_pipeline_add_stage_on(p, "loud", &s, &in, 1, NULL, NULL, &e) ||
 *       sqs_pipeline_push_samples(p, samples, frames, &e) || sqs_pipeline_end_input(p, &e) ||
 *       sqs_pipeline_evaluate(p, "loud", 0, SQS_END, &r, &e))
 *     puts(sqs_error_message(e));
 *   sqs_error_destroy(e);  sqs_result_destroy(r);  sqs_pipeline_destroy(p);
 *
 * Use      format -> pipeline -> stages -> input -> settings -> evaluate, or plan and run for more say.
 * Owning   Each object has one sqs_X_destroy(), which accepts NULL and is safe in any order and from any thread;
 *          a call that is inside it goes on to its end. A `const char *` lives as long as the object it came from.
 * Errors   SQS_OK is 0, information is positive, an error negative. On failure *out is NULL and, unless
 *          err is NULL, *err receives an object the caller destroys. There is no hidden last error.
 * Threads  Calls taking `const T *` may overlap on one object; calls taking `T *` may not: the second gets
 *          SQS_E_BUSY, a call from inside a callback of the same object SQS_E_REENTRANT.
 * Growing  Structs start with struct_size, grow at the end only, and read zero as "default". Fill them with
 *          sqs_X_init(). A tail this library does not know must be zero, else SQS_E_ABI.
 * Words    frame: one time step, all channels. window t: frames [t*hop, t*hop + window). row t of a stage: its
 *          value there. Sizes are bytes, positions are rows or frames counted from 0, ranges are half open.
 */
#ifndef SQRTSPACE_SQRTSPACE_H
#define SQRTSPACE_SQRTSPACE_H

#include <stdint.h>

#include "sqrtspace/export.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SQS_ABI_VERSION 0
#define SQS_MAX_DIMS 6            /* dimensions of one row */
#define SQS_MAX_VIEW_DIMS 8       /* rows, context, and a row's own */
#define SQS_MESSAGE_BYTES 512     /* capacity of sqs_call.message */
#define SQS_END UINT64_MAX        /* as t1: up to the last row that can be computed */
#define SQS_NONE UINT64_MAX       /* as lru_bytes: no cache at all */
#define SQS_ANY_TARGET UINT32_MAX /* as index of a pull: whichever target has rows */

/* ---------------------------------------------------------------- status, names of things */

typedef int32_t sqs_status;
enum sqs_status_code {
  SQS_OK = 0,
  SQS_PENDING = 1,        /* a step ended before the run did: call it again */
  SQS_END_OF_STREAM = 2,  /* all rows have been pulled, and the run is done */
  SQS_WOULD_BLOCK = 3,    /* rows of a target wait to be pulled before the run can go on */
  SQS_E_INVALID = -1,     /* an argument is out of its range */
  SQS_E_NULL = -2,        /* a required pointer is NULL */
  SQS_E_HANDLE = -3,      /* destroyed, or a handle of another type */
  SQS_E_ABI = -4,         /* struct_size too small, or a tail this library does not know */
  SQS_E_STATE = -5,       /* right call, wrong moment: no input set, run not finished, ... */
  SQS_E_BUSY = -6,        /* another thread is using this object */
  SQS_E_REENTRANT = -7,   /* called from inside a callback of this object */
  SQS_E_FORKED = -8,      /* the object was made before fork(); only destroy works */
  SQS_E_NAME = -9,        /* unknown, duplicate or reserved stage name */
  SQS_E_GRAPH = -10,      /* cycle, misaligned inputs, impossible shape or dtype */
  SQS_E_OVERFLOW = -11,   /* a size does not fit 64 bits */
  SQS_E_RANGE = -12,      /* t0 > t1, or t1 past the end */
  SQS_E_BUDGET = -13,     /* no plan fits; the message names the least budget that does */
  SQS_E_NO_MEMORY = -14,  /* the system refused memory within the budget */
  SQS_E_STAGE = -15,      /* a callback failed: the error carries stage and row */
  SQS_E_SOURCE = -16,     /* the source failed or ended early: the error carries the frame */
  SQS_E_SINK = -17,       /* a row callback failed or an output could not be written */
  SQS_E_IO = -18,         /* a file could not be opened, read or written */
  SQS_E_FORMAT = -19,     /* a file's header is wrong, truncated or lies; the message has the byte offset */
  SQS_E_NOT_ENDED = -20,  /* the target needs the end of the input, which has not been declared */
  SQS_E_CANCELLED = -21,  /* by sqs_*_cancel() or by a progress callback */
  SQS_E_CONTRACT = -22,   /* a pure stage broke its contract: the error carries stage and row */
  SQS_E_UNSUPPORTED = -23,/* declared in this ABI but not in this version of the library */
  SQS_E_INTERNAL = -24    /* a defect of the library */
};

enum sqs_dtype_code {
  SQS_U8 = 1, SQS_I8 = 2, SQS_U16 = 3, SQS_I16 = 4, SQS_U32 = 5, SQS_I32 = 6, SQS_U64 = 7, SQS_I64 = 8,
  SQS_F32 = 9, SQS_F64 = 10,
  SQS_C64 = 11,           /* two f32: real, imaginary */
  SQS_C128 = 12           /* two f64 */
};

enum sqs_kind_code { SQS_MAP = 1, SQS_SCAN = 2, SQS_REDUCE = 3 };
enum sqs_direction_code { SQS_FORWARD = 0, SQS_BACKWARD = 1 };
enum sqs_threading_code {
  SQS_CALLER_THREAD = 0,  /* only on the thread that drives the run (default) */
  SQS_ANY_THREAD = 1,     /* on any thread, one call at a time */
  SQS_CONCURRENT = 2      /* several calls at once */
};
enum sqs_purity_code {
  SQS_PURE = 0,           /* same inputs, same bytes (default): may be evaluated again */
  SQS_ONCE = 1            /* never evaluated twice in a run: rows are kept while they are needed */
};
enum sqs_edge_code {      /* what stands in for rows before the first and after the last */
  SQS_VALID = 0,          /* nothing: fewer output rows */
  SQS_ZERO = 1,           /* 0 0 | a b c | 0 0 */
  SQS_CLAMP = 2,          /* a a | a b c | c c */
  SQS_REFLECT = 3,        /* c b | a b c | b a      (numpy.pad "reflect") */
  SQS_ODD = 4             /* 2a-c 2a-b | a b c | 2c-b 2c-a   (scipy odd_ext); float and complex dtypes only */
};
enum sqs_order_code {
  SQS_ROW_ORDER = 0,      /* from the first row to the last (default) */
  SQS_ANY_ORDER = 1       /* in pieces of consecutive rows, each row once: spares a sweep where stages look back */
};
enum sqs_schedule_code {  /* how a run looks back */
  SQS_NO_SCHEDULE = 0,    /* it does not, or classic keeps everything */
  SQS_STORE = 1,          /* all that is read backwards is kept: every tile is evaluated once */
  SQS_SHRINK = 2,         /* states in memory, segments between them: at most twice; no schedule takes fewer evaluations,
                             unless a state is larger than the rows of a tile */
  SQS_SHRINK_DISK = 3,    /* the same with the first states on disk */
  SQS_MULTI = 4,          /* more often, up to max_ratio times */
  SQS_FIXED = 5,          /* states every checkpoint_every windows */
  SQS_CHAIN = 6,          /* several turns: segments of one length, stages evaluated once more for each later sweep */
  SQS_SPILL = 7           /* one turn: rows that memory has no room for go to disk and come back, where the plan's costs have that
                             cheaper than to evaluate them again, or no other way works; every tile is evaluated once */
};
enum sqs_mode_code { SQS_AUTO = 0, SQS_CLASSIC = 1, SQS_SQRT = 2 };
enum sqs_log_level_code { SQS_LOG_DEBUG = 1, SQS_LOG_INFO = 2, SQS_LOG_WARNING = 3, SQS_LOG_ERROR = 4 };

/* Text for a status or a dtype ("SQS_E_BUDGET", "f32"); static, never NULL. */
SQS_API const char *sqs_status_name(int32_t status);
SQS_API const char *sqs_dtype_name(int32_t dtype);
/* Bytes of one element; 0 if dtype is unknown. */
SQS_API uint64_t sqs_dtype_bytes(int32_t dtype);
SQS_API const char *sqs_version(void);     /* "0.1.0" */
SQS_API uint32_t sqs_abi_version(void);    /* equals SQS_ABI_VERSION of the header it was built with */

typedef struct sqs_pipeline sqs_pipeline;  /* graph, input and settings */
typedef struct sqs_input sqs_input;        /* the push side of a pipeline */
typedef struct sqs_plan sqs_plan;          /* what a run will do; immutable */
typedef struct sqs_run sqs_run;            /* one execution */
typedef struct sqs_result sqs_result;      /* an array of rows */
typedef struct sqs_error sqs_error;        /* code, stage, row and a sentence; immutable */

/* All four accept NULL and destroyed handles: SQS_E_HANDLE, "" , "" and SQS_NONE. */
SQS_API int32_t sqs_error_code(const sqs_error *e);
SQS_API const char *sqs_error_message(const sqs_error *e);
SQS_API const char *sqs_error_stage(const sqs_error *e);   /* "" if no stage is to blame */
SQS_API uint64_t sqs_error_row(const sqs_error *e);        /* SQS_NONE if no row is known */
SQS_API void sqs_error_destroy(sqs_error *e);
/* For libraries built on this one: makes an error object; stage may be NULL, row SQS_NONE. Returns code. */
SQS_API int32_t sqs_error_create(int32_t code, const char *stage, uint64_t row, const char *message, sqs_error **out);

/* ---------------------------------------------------------------- arrays and callbacks */

/* A strided array. Element [i][j].. lies at data + i*strides[0] + j*strides[1] + ..; strides are bytes, >= 0, and
 * ascend in memory; 0 repeats (a reduce's one row, seen at every t). Axis 0 is rows. Of an input read with
 * before + after > 0, axis 1 is the context (before + 1 + after entries); a row's own axes follow.
 * Valid until the callback returns (views of a result: until the result is destroyed). */
typedef struct sqs_view {
  uint32_t struct_size;
  int32_t dtype;
  int32_t ndim;
  uint32_t reserved;
  void *data;                         /* NULL if the view is empty */
  int64_t first_row;                  /* index of row 0 in its own stage (an input's: at context entry `before`; can be
                                         negative in the lead of a scan) */
  int64_t shape[SQS_MAX_VIEW_DIMS];
  int64_t strides[SQS_MAX_VIEW_DIMS];
  uint64_t base_rows;                 /* for languages without strides: the view is made of base_rows rows of base_row_bytes */
  uint64_t base_row_bytes;            /* each, contiguous from data; overlapping windows share them */
} sqs_view;

/* What a stage callback is given. Lent for the call; nothing in it may be kept. */
typedef struct sqs_call {
  uint32_t struct_size;
  uint32_t input_count;
  const sqs_view *inputs;             /* in the order they were declared; read only */
  sqs_view output;                    /* rows to write, C-contiguous within a row; data NULL in init and in a reduce's process */
  uint64_t first_row;                 /* t of the tile's first row; of a scan with lead, counted from its first lead row */
  uint64_t rows;                      /* rows in this tile */
  void *state;                        /* scan, reduce: the state, aligned to 64 bytes, zero-filled before init; else NULL */
  void *scratch;                      /* scratch_bytes aligned to 64 bytes, contents undefined; NULL if none was declared */
  double sample_rate;                 /* frames per second; 0 if unknown */
  int64_t first_frame;                /* frame position of the first row */
  uint64_t frames_per_row;            /* 0 for a stage that has one row for the whole stream */
  char *message;                      /* on failure: write a NUL-terminated sentence here, SQS_MESSAGE_BYTES at most */
} sqs_call;

/* Success is never 0, so that a foreign function that raised and returned nothing is not taken for one.
 * process  map, scan: computes call->rows rows and returns that number; reduce: consumes and returns it. Anything
 *          else ends the run with SQS_E_STAGE. k >= 0, but fewer, says that k rows were done and the next one failed, which
 *          is then the error's row: first_row + k, going backward first_row + rows - 1 - k. Negative, or more: that it
 *          was one of them is all that is known, and the error has the first.
 * init     scan, reduce: prepares a state; inputs hold exactly the first row. Returns 1. Not called if there is no row.
 * finish   reduce: writes the one output row from the state (call->rows is 0). Returns 1. If the input had no rows the
 *          state is all zero.
 * fini     releases what init or restore put into a state beyond its bytes.
 * save     writes at most capacity (= saved_bytes) bytes and their number to *used; returns 1. restore: the inverse,
 *          on a zero-filled state. Without them a state is its state_bytes bytes.
 * A callback must not throw, longjmp or unwind through the library; a C++ exception is caught and becomes SQS_E_STAGE. */
typedef int64_t (*sqs_process_fn)(void *user, sqs_call *call);
typedef int32_t (*sqs_init_fn)(void *user, sqs_call *call);
typedef int32_t (*sqs_finish_fn)(void *user, sqs_call *call);
typedef void (*sqs_fini_fn)(void *user, void *state);
typedef int32_t (*sqs_save_fn)(void *user, const void *state, void *bytes, uint64_t capacity, uint64_t *used);
typedef int32_t (*sqs_restore_fn)(void *user, void *state, const void *bytes, uint64_t used);
typedef void (*sqs_destroy_fn)(void *user);   /* exactly once, whatever the call it was passed to returned; may be NULL */

/* How a stage reads another: row t sees rows  c-before .. c+after  with  c = t*stride + offset  (+ before if the edge is
 * SQS_VALID, so that row 0 of a valid stage sits on input row `before`). Rows of the reader: padded edges
 * ceil((n - offset)/stride); valid floor((n - 1 - before - after - offset)/stride) + 1, or 0. */
typedef struct sqs_access {
  uint32_t struct_size;
  int32_t edge;                       /* sqs_edge_code; default SQS_VALID */
  const char *stage;                  /* "frames", "input" or a stage added before */
  uint64_t before, after;             /* rows; default 0 */
  uint64_t stride;                    /* rows per output row; 0 means 1 */
  int64_t offset;                     /* rows; used, and >= 0 if the edge is valid, when has_offset is 1 */
  int32_t has_offset;                 /* 1: the offset is stated, so that inputs need not share an origin or a length: the
                                         reader has the rows that all of them have */
  uint32_t reserved;
} sqs_access;
SQS_API int32_t sqs_access_init(sqs_access *access, uint64_t size);

/* What a stage declares. */
typedef struct sqs_stage {
  uint32_t struct_size;
  int32_t kind;                       /* sqs_kind_code; required */
  int32_t direction;                  /* scan, reduce: default SQS_FORWARD. A backward scan's row t depends on input rows from t
                                         on: its tiles come from the last to the first, in each of which process walks the rows
                                         from rows - 1 down to 0; init gets the last row. A backward reduce consumes likewise. */
  int32_t threading;                  /* default SQS_CALLER_THREAD */
  int32_t purity;                     /* default SQS_PURE */
  int32_t dtype;                      /* of the output; required */
  int32_t ndim;                       /* of one output row, 0..SQS_MAX_DIMS; 0 is a scalar */
  int32_t extend_edge;                /* scan: the edge rule that fills lead and tail; default SQS_VALID, which needs both 0 */
  int64_t shape[SQS_MAX_DIMS];        /* of one output row, each >= 1 */
  uint64_t state_bytes;               /* scan, reduce: size of a state */
  uint64_t saved_bytes;               /* bound for save(); required with save, else 0 */
  uint64_t scratch_bytes;             /* per worker */
  uint64_t fixed_bytes;               /* what the stage holds besides (tables, plans): reported as untracked */
  uint64_t lead, tail;                /* scan: rows by which its one input is extended at either end */
  const char *crop;                   /* keep only the rows that lie on rows of this stage; NULL: all */
  const char *version;                /* tag of the algorithm, for resume; may be NULL */
  double cost_ns_per_row;             /* hint; 0: unknown */
  sqs_process_fn process;             /* required */
  sqs_init_fn init;                   /* may be NULL */
  sqs_finish_fn finish;               /* reduce: required; else NULL */
  sqs_fini_fn fini;                   /* may be NULL */
  sqs_save_fn save;                   /* save and restore: both or neither */
  sqs_restore_fn restore;
} sqs_stage;
SQS_API int32_t sqs_stage_init(sqs_stage *stage, uint64_t size);

/* ---------------------------------------------------------------- pipeline: graph */

typedef struct sqs_format {
  uint32_t struct_size;
  int32_t dtype;                      /* of a sample; required */
  uint64_t channels;                  /* samples per frame; 0 means 1 */
  uint64_t window, hop;               /* frames, > 0; required */
  double sample_rate;                 /* frames per second; 0: unknown */
  int32_t pad_end;                    /* 1: zero-filled windows at the end until every frame is covered; default 0 */
  uint32_t reserved;
} sqs_format;
SQS_API int32_t sqs_format_init(sqs_format *format, uint64_t size);

/* A pipeline with two stages: "frames" (row shape (channels)) and "input" (row shape (window, channels)).
 * SQS_E_INVALID: window, hop, dtype or rate out of range; SQS_E_OVERFLOW: a window's bytes. */
SQS_API int32_t sqs_pipeline_create(const sqs_format *format, sqs_pipeline **out, sqs_error **err);
SQS_API void sqs_pipeline_destroy(sqs_pipeline *p);

/* Adds a stage. Struct and names are copied. accesses: an array whose elements lie accesses[0].struct_size bytes apart.
 * destroy runs exactly once: when the pipeline and all that was made from it are gone, or before a failing call returns.
 * SQS_E_NAME: duplicate, reserved or unknown name; SQS_E_GRAPH: shape, dtype, alignment, crop; SQS_E_OVERFLOW;
 * SQS_E_STATE while a run is open. After a failure the pipeline is as before. */
SQS_API int32_t sqs_pipeline_add_stage(sqs_pipeline *p, const char *name, const sqs_stage *stage, const sqs_access *accesses,
                                       uint32_t access_count, void *user, sqs_destroy_fn destroy, sqs_error **err);
/* The same for plain inputs, read row by row. */
SQS_API int32_t sqs_pipeline_add_stage_on(sqs_pipeline *p, const char *name, const sqs_stage *stage, const char *const *inputs,
                                          uint32_t input_count, void *user, sqs_destroy_fn destroy, sqs_error **err);
/* Names an access rule over a stage, as "input" is one over "frames": row t is the context, shape (before + 1 + after,
 * row shape). Costs no memory and no copy. For windows: before 0, after window - 1, stride hop. */
SQS_API int32_t sqs_pipeline_add_windows(sqs_pipeline *p, const char *name, const sqs_access *access, sqs_error **err);

typedef struct sqs_stage_info {
  uint32_t struct_size;
  int32_t kind;                       /* 0 for frames and windows */
  int32_t dtype;
  int32_t ndim;
  int64_t shape[SQS_MAX_DIMS + 1];    /* of one row */
  uint64_t row_bytes;
  uint64_t rows;                      /* that can be computed of the input as it is now; 0 without input */
  int64_t origin;                     /* frame position of row 0 */
  uint64_t step;                      /* frames per row; 0: one row for the whole stream */
} sqs_stage_info;
SQS_API int32_t sqs_pipeline_describe(const sqs_pipeline *p, const char *stage, sqs_stage_info *out, sqs_error **err);

/* ---------------------------------------------------------------- pipeline: input (one of three; replaces the former one) */

/* Borrowed memory: frame_count frames, C-contiguous, which must stay unchanged until destroy(user) is called. Not charged to
 * the budget. */
SQS_API int32_t sqs_pipeline_set_memory(sqs_pipeline *p, const void *frames, uint64_t frame_count, void *user,
                                        sqs_destroy_fn destroy, sqs_error **err);

/* Random access by frame. read fills dst with `frames` frames from `first` and returns their number; anything else is
 * SQS_E_SOURCE. It may be asked for the same frames more than once and must give the same bytes. message: as in sqs_call. */
typedef struct sqs_reader {
  uint32_t struct_size;
  int32_t dtype;                      /* must equal the pipeline's; 0: taken as equal */
  uint64_t channels;                  /* likewise */
  uint64_t frame_count;
  double sample_rate;                 /* 0: the pipeline's */
  int64_t (*read)(void *user, uint64_t first, uint64_t frames, void *dst, char *message);
  int32_t threading;                  /* sqs_threading_code of read; default SQS_CALLER_THREAD, which holds up runs on several
                                         threads: one that looks back replays on one thread alone */
  uint32_t reserved;
} sqs_reader;
SQS_API int32_t sqs_reader_init(sqs_reader *reader, uint64_t size);
SQS_API int32_t sqs_pipeline_set_reader(sqs_pipeline *p, const sqs_reader *reader, void *user, sqs_destroy_fn destroy,
                                        sqs_error **err);

/* Pushed frames are copied, kept and charged to the budget (SQS_E_BUDGET if one piece does not fit: then nothing of it is
 * taken). Pieces of any size. evaluate works at any time: before end_input, "the end" means the rows that no later frame
 * can change, and a target that needs the end answers SQS_E_NOT_ENDED. The first push replaces any former input. */
SQS_API int32_t sqs_pipeline_push_samples(sqs_pipeline *p, const void *frames, uint64_t frame_count, sqs_error **err);
SQS_API int32_t sqs_pipeline_end_input(sqs_pipeline *p, sqs_error **err); /* SQS_E_STATE for memory, a reader or a file */
/* The push side as an object of its own, which another thread may use while the pipeline is in use. One per pipeline. If the
 * pipeline has another input, the first push replaces it, which a run in progress refuses (SQS_E_STATE). */
SQS_API int32_t sqs_input_create(sqs_pipeline *p, sqs_input **out, sqs_error **err);
SQS_API int32_t sqs_input_push_samples(sqs_input *in, const void *frames, uint64_t frame_count, sqs_error **err);
SQS_API int32_t sqs_input_end(sqs_input *in, sqs_error **err);
SQS_API void sqs_input_destroy(sqs_input *in);

/* ---------------------------------------------------------------- pipeline: settings */

typedef struct sqs_settings {
  uint32_t struct_size;
  int32_t mode;                       /* sqs_mode_code; default SQS_AUTO */
  uint64_t memory_budget;             /* bytes, hard; 0: half of the smallest of RAM and the cgroup limits. In one that is set
                                         sqrt also keeps rows that several passes read (a reduce, then a map), the dearest per
                                         byte first, as far as that saves time; without, only where it looks back */
  uint64_t checkpoint_every;          /* windows between checkpoints, for random access and for looking back; raised to the
                                         dependency span ceil(window/hop) and rounded up to tiles; 0: chosen by the plan, which
                                         where it looks back has the fewest evaluations with its tiles, or is SQS_SPILL */
  uint64_t lru_bytes;                 /* cache, part of the budget, of rows for later requests: of a target asked for in part,
                                         and, on one thread where nothing looks back, of maps that by hint or probe cost more
                                         than copying does (100 ns a row and 0.4 ns a byte). 0: min(64 MiB, budget/8);
                                         SQS_NONE: off */
  uint32_t threads;                   /* 0 means 1: every callback on the calling thread. Of a run that looks back a second one
                                         replays what is read next, if stages and source allow it; the other passes run on one */
  uint32_t flags;                     /* reserved, 0 */
  uint64_t tile_frames;               /* frames per tile; 0: chosen from row sizes and costs */
  const char *spill_dir;              /* where a run that looks back once may keep states or rows on disk (a chain, SQS_CHAIN,
                                         keeps none there), in files without names, checked when they are read; copied; NULL or
                                         "": no disk. When it fails the run starts again without it, and callbacks and pulls get
                                         only rows they have not got, if the budget allows and no SQS_ONCE stage has run; else
                                         SQS_E_IO. A directory in memory (tmpfs) takes that memory, beside the budget. Where the
                                         file system has no files without names (O_TMPFILE) a kill can leave
                                         ".sqrtspace-unnamed-N", empty: the next run with files there removes it */
  uint64_t disk_bytes;                /* at most, of all files; 0: what the file system has free when a run is planned */
  uint32_t max_ratio;                 /* where a run looks back once: evaluations of a tile at most; 0 means 4, 1 none again. A
                                         chain (SQS_CHAIN) evaluates a tile as often as it has passes */
  uint32_t reserved;
} sqs_settings;
SQS_API int32_t sqs_settings_init(sqs_settings *settings, uint64_t size);
/* Releases what former runs kept. SQS_E_STATE while a run is open. */
SQS_API int32_t sqs_pipeline_configure(sqs_pipeline *p, const sqs_settings *settings, sqs_error **err);
SQS_API int32_t sqs_pipeline_settings(const sqs_pipeline *p, sqs_settings *out, sqs_error **err);

/* Messages of the library, one line each; called on the thread that is inside a call on p. NULL fn: silence (default). */
typedef void (*sqs_log_fn)(void *user, int32_t level, const char *message);
SQS_API int32_t sqs_pipeline_set_log(sqs_pipeline *p, sqs_log_fn fn, void *user, sqs_destroy_fn destroy, sqs_error **err);

/* Gives cache, checkpoints and the arena back to the system; results are not touched. */
SQS_API int32_t sqs_pipeline_trim(sqs_pipeline *p, sqs_error **err);

/* ---------------------------------------------------------------- evaluate: one target, one call */

/* Runs one target over rows [t0, t1) and hands over the rows as one array. t1 = SQS_END: up to the last row that can be
 * computed. Any range gives the bytes of the full run. SQS_E_RANGE; SQS_E_BUDGET (the message names the least budget that
 * works); SQS_E_STAGE, SQS_E_SOURCE (the error carries stage and row). After a failure the pipeline can be used again. */
SQS_API int32_t sqs_pipeline_evaluate(sqs_pipeline *p, const char *target, uint64_t t0, uint64_t t1, sqs_result **out,
                                      sqs_error **err);
/* Stops whatever run of p is going on; any thread, also inside a callback or a signal handler. Nothing to stop: SQS_OK. */
SQS_API int32_t sqs_pipeline_cancel(const sqs_pipeline *p);

/* Runs a few tiles of the targets to measure seconds per row and stage, and the prices of fresh memory and of the spill directory
 * (written, synced and read for about 30 ms, 64 MiB at most); later plans use them, until the directory is another. Runs user
 * code; nothing is delivered. Gives back what former runs kept, as sqs_pipeline_trim() does. */
SQS_API int32_t sqs_pipeline_probe(sqs_pipeline *p, const char *const *targets, uint32_t target_count, sqs_error **err);

/* Checks the contract of the pure stages that `target` needs, over its rows [t0, t1): other tile sizes, twice, out of
 * order, and with everything outside the declared reach overwritten by NaN. SQS_E_CONTRACT names the stage and the first
 * row that differs. SQS_ONCE stages and their readers are left out. Holds those rows of all stages in memory, within the budget:
 * fewer rows take less. */
SQS_API int32_t sqs_pipeline_verify(sqs_pipeline *p, const char *target, uint64_t t0, uint64_t t1, sqs_error **err);

/* ---------------------------------------------------------------- plan: what a run will do */

/* Plans the targets over rows [t0, t1) of the first one, each into an array the library makes (streamed = 0), or into sinks
 * that hold nothing and take rows in row order (1) or in any order (2). Runs no user code. */
SQS_API int32_t sqs_pipeline_plan(const sqs_pipeline *p, const char *const *targets, uint32_t target_count, uint64_t t0,
                                  uint64_t t1, int32_t streamed, sqs_plan **out, sqs_error **err);
SQS_API void sqs_plan_destroy(sqs_plan *plan);
SQS_API const char *sqs_plan_text(const sqs_plan *plan);   /* explain, for people; "" if the handle is bad */
SQS_API const char *sqs_plan_json(const sqs_plan *plan);

typedef struct sqs_plan_info {
  uint32_t struct_size;
  int32_t mode;                       /* SQS_CLASSIC or SQS_SQRT */
  uint32_t sweeps;
  uint32_t stage_count;
  uint64_t tile_frames, tiles;
  uint64_t budget_bytes;
  uint64_t predicted_bytes;           /* peak, all classes */
  uint64_t least_budget_bytes;        /* smallest feasible budget in sqrt mode */
  uint64_t source_bytes, rows_bytes, checkpoint_bytes, cache_bytes, scratch_bytes, output_bytes, other_bytes;
  uint64_t untracked_bytes;           /* outside the budget: what stages declare, and 16 KiB for each thread but the caller's */
  uint64_t dependency_span;           /* ceil(window / hop) */
  uint64_t checkpoint_every;          /* in windows, after raising and rounding; 0: none are kept */
  double predicted_seconds;           /* by cost hints or probe; 0: unknown */
  int32_t schedule;                   /* sqs_schedule_code */
  uint32_t frontier_count;            /* points of sqs_plan_frontier(); 0 if no row is made twice in the least budget */
  uint64_t tape_bytes;                /* of rows kept for looking back, and the states among them */
  uint64_t disk_bytes;                /* of states or rows on disk, reserved when the run begins */
  uint64_t rows_predicted;            /* all stages */
  uint64_t rows_again;                /* of them more than once: by replays, ... */
  uint64_t rows_halo;                 /* ... of which beside segments */
  uint64_t turn_tiles;                /* tiles that are looked back at; of one: */
  uint64_t turn_state_bytes;          /* bytes of a checkpoint */
  uint64_t turn_tile_bytes;           /* bytes of a tile's kept rows */
  uint64_t turn_pool_bytes;           /* room for both, besides one tile */
} sqs_plan_info;
SQS_API int32_t sqs_plan_info_get(const sqs_plan *plan, sqs_plan_info *out, sqs_error **err);

/* Memory against work, for a plan that looks back or has several passes: its targets at a ladder of budgets, from the least to
 * one at which nothing is evaluated twice and no rows are on disk, or nothing more is worth keeping; 24 at most, so that of a
 * very long stream the last may not reach so far. SQS_E_RANGE past frontier_count. */
typedef struct sqs_frontier_point {
  uint32_t struct_size;
  int32_t schedule;                   /* sqs_schedule_code */
  uint64_t budget_bytes;
  uint64_t predicted_bytes;
  uint64_t disk_bytes;
  uint64_t rows_predicted;            /* all stages */
  double ratio;                       /* rows evaluated / distinct rows needed */
  double predicted_seconds;           /* by cost hints or probe; 0: unknown */
} sqs_frontier_point;
SQS_API int32_t sqs_plan_frontier(const sqs_plan *plan, uint32_t index, sqs_frontier_point *out, sqs_error **err);
/* Advice on the graph, a sentence each: halos longer than a tile, readers far apart, states larger than what they spare, rows of
 * a SQS_ONCE stage that are kept for a later sweep. "" past the last. */
SQS_API const char *sqs_plan_lint(const sqs_plan *plan, uint32_t index);

/* ---------------------------------------------------------------- run: several targets, any sinks, step by step */

/* A run borrows the pipeline until it is destroyed: graph, input and settings can't be changed meanwhile (SQS_E_STATE), and
 * a second open run on it is refused likewise. Frames may be pushed all the while: this run does not see them.
 * create -> add_* for each target -> set_range, set_progress -> execute, step or pull. */
SQS_API int32_t sqs_run_create(sqs_pipeline *p, sqs_run **out, sqs_error **err);
SQS_API void sqs_run_destroy(sqs_run *run);

/* Sinks. Callbacks and pulls get rows in row order, unless any order is asked for; arrays, buffers and files are filled from the
 * end where a sweep runs that way. No row comes twice. index, if not NULL, receives the target's number. */
SQS_API int32_t sqs_run_add_array(sqs_run *run, const char *target, uint32_t *index, sqs_error **err);
/* A caller's buffer, not charged to the budget, valid until the run is destroyed. Too small: SQS_E_INVALID at the start. */
SQS_API int32_t sqs_run_add_buffer(sqs_run *run, const char *target, void *data, uint64_t bytes, uint32_t *index,
                                   sqs_error **err);
/* fn gets consecutive rows as a view whose first_row is its t0, and returns 1; anything else ends the run with SQS_E_SINK. */
typedef int32_t (*sqs_rows_fn)(void *user, const sqs_view *rows, char *message);
SQS_API int32_t sqs_run_add_callback(sqs_run *run, const char *target, sqs_rows_fn fn, void *user, sqs_destroy_fn destroy,
                                     uint32_t *index, sqs_error **err);
/* The same with a say in the order of pieces (sqs_order_code). Rows delivered from the last to the first have no digest, pulled
 * ones neither. */
SQS_API int32_t sqs_run_add_callback_in(sqs_run *run, const char *target, int32_t order, sqs_rows_fn fn, void *user,
                                        sqs_destroy_fn destroy, uint32_t *index, sqs_error **err);
/* Rows wait in the run until sqs_run_pull() lends them: for callers that can't give callbacks, and for iterators. Takes no
 * memory. */
SQS_API int32_t sqs_run_add_pull(sqs_run *run, const char *target, int32_t order, uint32_t *index, sqs_error **err);
/* A .npy file (version 1.0, C order, shape (rows, row shape)), written beside the path and renamed when the run has
 * succeeded; an existing file is replaced only then, and what a symbolic link leads to, not the link. The files of one run are
 * replaced together: when one can't be, those before it are put back, and what a file system can't put back the error names.
 * SQS_E_INVALID: the path is empty, or that of another target of the run. */
SQS_API int32_t sqs_run_add_npy(sqs_run *run, const char *target, const char *path, uint32_t *index, sqs_error **err);
/* Rows [t0, t1) of the first target; others deliver their rows that start in the frames it covers. Default: all. */
SQS_API int32_t sqs_run_set_range(sqs_run *run, uint64_t t0, uint64_t t1, sqs_error **err);

typedef struct sqs_progress {
  uint32_t struct_size;
  uint32_t sweep, sweeps;             /* sweep counts from 0, anew if a run starts again */
  uint32_t reserved;
  double fraction;                    /* of the run, 0..1 */
  double seconds;                     /* since the run began */
  double eta_seconds;                 /* rest, at the speed so far */
  uint64_t rows_done, rows_total;     /* of the first target */
} sqs_progress;
/* Returns 1 to go on; anything else cancels. At most every 50 ms, on the thread that drives the run. */
typedef int32_t (*sqs_progress_fn)(void *user, const sqs_progress *progress);
SQS_API int32_t sqs_run_set_progress(sqs_run *run, sqs_progress_fn fn, void *user, sqs_destroy_fn destroy, sqs_error **err);

/* The plan of the targets added so far; the run will follow it. */
SQS_API int32_t sqs_run_plan(sqs_run *run, sqs_plan **out, sqs_error **err);
/* Runs to the end. SQS_E_STATE if a target is to be pulled. */
SQS_API int32_t sqs_run_execute(sqs_run *run, sqs_error **err);
/* Runs for about max_ns nanoseconds, one tile at least: SQS_PENDING if there is more to do, SQS_OK when done. It goes no further
 * than to where rows wait to be pulled: SQS_WOULD_BLOCK, at once if they do already. */
SQS_API int32_t sqs_run_step(sqs_run *run, uint64_t max_ns, sqs_error **err);
/* Goes on with the run until rows of target `index` are there, and lends the next of them where they lie, each row once: a tile's
 * rows at most, in the order that sqs_run_add_pull() was given. *rows is valid until the next pull or step, or the run's end.
 *
 * index    a target of sqs_run_add_pull(), or SQS_ANY_TARGET.
 * rows     receives a view whose first_row is its t0 (set struct_size before); empty unless SQS_OK is returned.
 * whose    if not NULL, receives the target that *rows are of; on SQS_WOULD_BLOCK the one that has to be pulled first.
 *
 * SQS_OK with rows. SQS_END_OF_STREAM when all rows of all pulled targets have been lent and the run is done: files are in their
 * places, digests and statistics are known; so it is from then on. SQS_WOULD_BLOCK if rows of another target wait, since the run
 * keeps no more than one tile (of several threads: one batch) and does not go on before they are pulled; never for
 * SQS_ANY_TARGET. SQS_E_STATE if rows of `index` go into another sink; SQS_E_RANGE; what a run can fail with. */
SQS_API int32_t sqs_run_pull(sqs_run *run, uint32_t index, sqs_view *rows, uint32_t *whose, sqs_error **err);
/* Ends the run with SQS_E_CANCELLED within one callback; any thread, signal handlers too. */
SQS_API int32_t sqs_run_cancel(const sqs_run *run);

/* ---------------------------------------------------------------- report */

typedef struct sqs_stats {
  uint32_t struct_size;
  int32_t mode;
  uint32_t sweeps;
  uint32_t stage_count;               /* for sqs_run_stage_stats */
  uint64_t tiles;
  uint64_t budget_bytes, predicted_bytes, reserved_bytes, measured_bytes; /* measured: peak of the ledger */
  uint64_t untracked_bytes;
  uint64_t rows_predicted, rows_evaluated, rows_from_cache, rows_skipped; /* all stages; predicted = the sum of the others,
                                         less rows_given_up; skipped: by an access checkpoint */
  uint64_t cache_hits, cache_misses;  /* tiles asked of the LRU */
  uint64_t checkpoints_saved, checkpoints_loaded, checkpoint_bytes; /* the bytes: of those for random access */
  uint64_t source_frames, source_bytes, sink_bytes;
  uint64_t callbacks;
  double seconds;
  uint64_t rss_bytes, rss_peak_bytes; /* of the process: VmRSS, VmHWM */
  uint64_t minor_faults, major_faults;/* of the process, during the run */
  uint64_t io_read_bytes, io_write_bytes; /* of the process, during the run: /proc/self/io rchar, wchar */
  uint64_t disk_written_bytes, disk_read_bytes; /* states or rows on disk */
  /* Why more rows were evaluated than the targets ask for, once each, and the LRU did not have; all stages. Known when the run is
   * over, 0 before. By replays, of which beside segments: */
  uint64_t rows_replayed, rows_halo;
  /* Again by a later sweep; and of a run of a range of rows: from where scans start (or a checkpoint is) to the first row that
   * is asked for, with what these read; rows that the LRU was once given and had no more, with what these read. */
  uint64_t rows_swept_again, rows_access, rows_cache_lost;
  uint64_t rows_given_up;             /* before the disk failed and the run started again without it; all stages */
} sqs_stats;
typedef struct sqs_stage_stats {
  uint32_t struct_size;
  int32_t kind;
  const char *name;                   /* lives as long as the run */
  uint64_t rows_predicted, rows_evaluated, rows_from_cache, rows_skipped;
  uint64_t calls;
  uint64_t buffer_bytes;
  double seconds;
  double recompute_ratio;             /* rows evaluated / distinct rows needed */
  uint64_t rows_given_up;             /* of those evaluated: before the disk failed */
} sqs_stage_stats;
SQS_API int32_t sqs_run_stats(const sqs_run *run, sqs_stats *out, sqs_error **err);
SQS_API int32_t sqs_run_stage_stats(const sqs_run *run, uint32_t stage, sqs_stage_stats *out, sqs_error **err);
/* XXH3-128 over the bytes of a target's rows, in row order; 16 bytes, canonical (big endian). SQS_E_STATE before the end, and
 * for rows that a callback got, or that were pulled, from the last to the first. */
SQS_API int32_t sqs_run_digest(const sqs_run *run, uint32_t index, uint8_t out[16], sqs_error **err);
SQS_API const char *sqs_run_report_text(const sqs_run *run);  /* "" before the end */
SQS_API const char *sqs_run_report_json(const sqs_run *run);

/* ---------------------------------------------------------------- result */

/* The array of target `index`, once; only of sqs_run_add_array() and after the run has succeeded. A result stays charged to
 * the pipeline's budget until it is destroyed, and outlives the pipeline. */
SQS_API int32_t sqs_run_take_result(sqs_run *run, uint32_t index, sqs_result **out, sqs_error **err);
SQS_API int32_t sqs_result_view(const sqs_result *r, sqs_view *out, sqs_error **err);
/* Seconds from frame 0 to the frame where row `row` of the array starts: (origin + row*step) / sample_rate; frames if the
 * rate is unknown. */
SQS_API int32_t sqs_result_row_time(const sqs_result *r, uint64_t row, double *out, sqs_error **err);
SQS_API int32_t sqs_result_digest(const sqs_result *r, uint8_t out[16], sqs_error **err);
/* Of the run that made it. */
SQS_API int32_t sqs_result_stats(const sqs_result *r, sqs_stats *out, sqs_error **err);
SQS_API const char *sqs_result_report_text(const sqs_result *r);
SQS_API const char *sqs_result_report_json(const sqs_result *r);
SQS_API void sqs_result_destroy(sqs_result *r);

/* Caveats
 * - A stage that returns 0 has failed, even if its tile is empty: it is never called for an empty tile.
 * - Frames set by sqs_pipeline_set_memory() are read during runs: changing them between runs leaves stale cache rows;
 *   set them again, or call sqs_pipeline_trim().
 * - Where a run looks back, states are saved and compared by their bytes: equal states must be equal bytes, padding included,
 *   and save() must write the same bytes for the same state. Several states of one stage are alive in turns.
 * - A pure stage must not depend on how rows are grouped into tiles, nor on addresses: sums over rows need a state.
 * - Views alias: overlapping windows share memory. Never write into an input.
 * - After fork() the child may only destroy what the parent made.
 * - A run that is open keeps the pipeline: destroy it before changing graph, input or settings.
 */
#ifdef __cplusplus
}
#endif
#endif
