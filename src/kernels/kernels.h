// The numeric operations on a CPU. Each has a reference in plain C++ and an
// implementation for some instruction sets; Kernels is the choice made of them
// for one machine.
//
// All activations are float32. Nothing here starts a thread or allocates per
// call: the caller splits an operation by rows, outputs or heads among its
// threads and hands each one scratch memory of its own. Pointers need the
// alignment of their element unless said otherwise; buffers of bytes (prepared
// inputs, scratch) are aligned to kAlignment. Outputs may not overlap inputs
// unless said. Infinities and NaNs propagate; subnormal floats are kept
// (but see Linear).
//
// A row's result depends on that row, the weights and the phase alone: it is
// the same bit for bit for any number of rows, any split into calls and any
// number of threads. The phases, and the paths, may round differently.
#ifndef FULLSTOP_KERNELS_KERNELS_H_
#define FULLSTOP_KERNELS_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/tensor_type.h"
#include "kernels/arguments.h"

namespace fullstop::kernels {

// Ascending: a path may use the operations of those below it.
enum class CpuPath {
  kReference,  // plain C++, any machine
  kAvx2,       // AVX2, FMA, F16C
  kAvx512,     // AVX-512 F, BW, DQ, VL, VNNI (Cascade Lake, Zen 4 and later)
  kAmx,        // AMX's bfloat16 tiles, AVX-512 BF16 (Sapphire Rapids and later)
};

// "reference", "avx2", "avx512", "amx".
std::string_view CpuPathName(CpuPath path);
// Throws Error (kUsage) listing the names where NAME is none of them.
CpuPath ParseCpuPath(std::string_view name);

// How linear layers and attention are computed. Prefill unpacks a panel of
// weights into the cache and uses it for all rows; decode reads the packed
// weights once and is meant for few rows.
enum class Phase { kPrefill, kDecode };

// How the rows of a matrix lie in memory.
enum class Layout {
  kRows,    // one behind the other, as in a file
  kStrips,  // 16 side by side: kernels/strips.h
};

// A matrix of packed weights: N rows of K weights in ggml's layout of the type.
struct Matrix {
  TensorType type = TensorType::kF32;
  const std::byte* data = nullptr;  // no alignment needed
  int64_t rows = 0;                 // N
  int64_t columns = 0;              // K
  int64_t row_bytes = 0;            // RowBytes(type, columns)
  Layout layout = Layout::kRows;
};

// COUNT rows of W from row FIRST on, which of strips must be a multiple of 16.
Matrix RowsOf(const Matrix& w, int64_t first, int64_t count);

inline constexpr size_t kAlignment = 64;

struct LinearForm;
struct RowOperations;
struct ActivationOperations;
struct AttentionForm;
struct LogitOperations;

// Immutable and cheap to copy; any number of threads may call.
class Kernels {
 public:
  // The best implementation of each operation that this CPU has, none of them
  // above HIGHEST. Throws Error (kUnsupported) naming the missing CPU features
  // where the CPU lacks the path that was asked for.
  static Kernels Select(std::optional<CpuPath> highest = std::nullopt);

  // The paths that this CPU has, ascending; the first is kReference.
  static std::vector<CpuPath> AvailablePaths();

  // What runs an operation, and why the better ones do not.
  struct Choice {
    // "linear prefill", "linear decode", "rows", "activations",
    // "attention prefill", "attention decode", "logits"
    std::string_view operation;
    CpuPath path;
    struct Declined {
      CpuPath path;
      std::string reason;
    };
    std::vector<Declined> declined;  // best first
  };
  // One entry an operation.
  std::vector<Choice> Choices() const;
  // The best path among the choices.
  CpuPath path() const { return path_; }

  // --- Linear layers -------------------------------------------------------
  //   Y[M,N] = X[M,K] * W[N,K]^T
  // First PrepareLinear, once for each input X (several W may use it), then
  // Linear for ranges of W's rows.

  // Whether Linear and Dequantize know the type.
  static bool Supports(TensorType type);
  // Whether Linear takes strips of the type, too, and is faster with them.
  bool ReadsStrips(TensorType type) const;

  // The bytes of the prepared form of ROWS rows of COLUMNS floats. For ROWS2 <=
  // ROWS it is no larger.
  size_t PreparedBytes(Phase phase, int64_t rows, int64_t columns) const;
  // Calls of PrepareLinear are split at multiples of this many rows.
  int64_t PrepareGrain(Phase phase) const;
  // Makes the prepared form of rows [row_begin, row_end) of INPUT (whose own
  // `prepared` is not read) in PREPARED, which holds PreparedBytes(phase,
  // input.rows, input.columns). ROW_BEGIN is a multiple of the grain, ROW_END
  // too or equal to input.rows.
  void PrepareLinear(Phase phase, const LinearInput& input, int64_t row_begin,
                     int64_t row_end, void* prepared) const;

  // The scratch that one call of Linear with K COLUMNS needs.
  size_t LinearScratchBytes(Phase phase, int64_t columns) const;
  // Ranges are cheapest at multiples of this many rows of W, and not shorter.
  int64_t LinearGrain(Phase phase) const;
  // Ranges shorter than this many rows, a multiple of the grain, read the
  // prepared input more often: worth it where threads would be idle.
  int64_t LinearWidth(Phase phase) const;
  // Computes y[m * y_stride + n] for all M rows of INPUT and n in [n_begin,
  // n_end). Y's rows are Y_STRIDE floats apart; nothing else of Y is touched.
  // Of strips, N_BEGIN is a multiple of 16. The two layouts may round
  // differently in decode.
  // INPUT's columns must equal W's, and be a multiple of the type's block
  // length. Sums are float32 along K in an order fixed by K (reference: double,
  // rounded once). F32 weights are multiplied as they are, in decode all types
  // of floats; otherwise prefill rounds weights to 14 bits, and integer weights
  // times activations rounded to 14 or 15 bits and a scale for each 256 of them
  // are summed exactly within a block where a path's decode says so. kAmx's
  // prefill rounds weights and activations to bfloat16, those that are
  // subnormal to zero.
  void Linear(Phase phase, const LinearInput& input, const Matrix& w,
              int64_t n_begin, int64_t n_end, float* y, int64_t y_stride,
              void* scratch) const;

  // --- Rows ----------------------------------------------------------------

  // out[k] = W[row, k] for all columns: the embedding of a token. Bit for bit
  // what fullstop::Dequantize gives.
  void DequantizeRow(const Matrix& w, int64_t row, float* out) const;

  // out[i] = x[i] * weight[i] / sqrt(sum(x^2) / n + epsilon); the sum is
  // double. WEIGHT may be null, which is 1 everywhere. OUT may be X.
  void RmsNorm(const float* x, const float* weight, int64_t n, float epsilon,
               float* out) const;

  // out[i] = (x[i] - mean) * weight[i] / sqrt(sum((x - mean)^2) / n + epsilon)
  //          + bias[i],
  // mean = sum(x) / n; the sums are double. WEIGHT may be null, which is 1
  // everywhere, and BIAS, which is 0. OUT may be X.
  void LayerNorm(const float* x, const float* weight, const float* bias,
                 int64_t n, float epsilon, float* out) const;

  // x[i] += y[i].
  void Add(float* x, const float* y, int64_t n) const;

  // x[i] *= factor.
  void Scale(float* x, int64_t n, float factor) const;

  // out[i] += x[i] * y[i], rounded once or twice.
  void MultiplyAdd(const float* x, const float* y, int64_t n, float* out) const;

  // One position of the gated delta rule (arXiv:2412.06464) in one head. STATE
  // is S, [key_length][value_length]:
  //   S = decay * S,  S += k (beta * (v - S^T k))^T,  out = S^T q
  // OUT may be v. Sums over the key length are float32 in its order (reference:
  // double).
  void DeltaRule(const DeltaRuleInput& input, float* state, float* out) const;

  // out[i] = ACTIVATION of gate[i] and up[i], as kernels/arguments.h says. UP
  // may be null; OUT may be GATE or UP. The exponential is within 2 units in
  // the last place; kGeluErf and kXielu are computed in double.
  void Activate(Activation activation, const ActivationParameters& parameters,
                const float* gate, const float* up, int64_t n,
                float* out) const;

  // x[i] = cap * tanh(x[i] / cap), within 8 units of 2^-24 times that.
  void SoftCap(float* x, int64_t n, float cap) const;

  // Rotates, in place, pair i of each of HEADS heads of HEAD_DIM floats:
  //   (a, b) -> (a * cos[i] - b * sin[i], a * sin[i] + b * cos[i])
  // for i in [0, rotated / 2); dimensions from ROTATED on stay. COS and SIN
  // hold the angles of the row's position, frequency factors and scaling of the
  // magnitude included. ROTATED is even, <= HEAD_DIM.
  void Rope(float* x, int64_t heads, int64_t head_dim, int64_t rotated,
            RopePairs pairs, const float* cos, const float* sin) const;

  // Conversions of N numbers, to nearest even; NaNs stay NaNs.
  void F32ToF16(const float* x, int64_t n, uint16_t* out) const;
  void F16ToF32(const uint16_t* x, int64_t n, float* out) const;
  void F32ToBf16(const float* x, int64_t n, uint16_t* out) const;
  void Bf16ToF32(const uint16_t* x, int64_t n, float* out) const;

  // --- Attention -----------------------------------------------------------
  // For each row r, head h, with g = h / (heads / kv_heads) and the positions p
  // that the row sees (see AttentionInput):
  //   s[p] = scale * sum_d q[r,h,d] * keys[g,p,d], then the soft cap
  //   out[r,h,:] = sum_p w[p] * values[g,p,:]
  //   w[p] = exp(s[p]) / (sum_p exp(s[p]) + exp(sinks[h]))
  // Online over tiles of positions counted from position 0; tiles that no row
  // sees are not read. Dot products and sums are float32 (reference: double),
  // the exponential is within 2 units in the last place. In prefill kAmx takes
  // 16 bits of queries, keys, values and exponentials: two bfloat16 of each.

  // The scratch that one call needs; HEAD_DIM is the greater of head_dim and
  // value_dim.
  size_t AttentionScratchBytes(Phase phase, int32_t heads, int32_t kv_heads,
                               int32_t head_dim) const;
  // In prefill, ranges are cheapest at multiples of this many rows.
  int64_t AttentionGrain(Phase phase) const;
  // Computes rows [row_begin, row_end) of the heads that read the KV heads
  // [kv_begin, kv_end). Throws nothing; head_dim and value_dim must be
  // multiples of 8.
  void Attention(Phase phase, const AttentionInput& input, int64_t row_begin,
                 int64_t row_end, int32_t kv_begin, int32_t kv_end,
                 void* scratch) const;

  // --- Limits: what there is to compare with -------------------------------

  // The sum of the 32-bit words of MEMORY, of which BYTES is a multiple of 4,
  // read as fast as the path can.
  uint32_t ReadMemory(const void* memory, size_t bytes) const;
  // Multiplies and adds what is in registers, as the innermost loop of
  // prefill's linear layers does, so many TIMES; how many multiplications and
  // additions those were.
  double MultiplyInRegisters(int64_t times) const;

  // --- Logits --------------------------------------------------------------

  // out[i] = exp(x[i] - max) / sum_j exp(x[j] - max); the sum is double. OUT
  // may be X. N > 0.
  void Softmax(const float* x, int64_t n, float* out) const;
  // log(sum_i exp(x[i])), the sum double; -inf where all are -inf.
  double LogSumExp(const float* x, int64_t n) const;
  // The min(k, n) largest, descending, ties ascending by index; NaNs come
  // last. Returns how many were written to OUT.
  int64_t TopK(const float* x, int64_t n, int64_t k, IndexedValue* out) const;

 private:
  Kernels() = default;
  std::vector<Choice> Choose();
  const LinearForm& form(Phase phase) const;
  const AttentionForm& attention_form(Phase phase) const;

  CpuPath path_ = CpuPath::kReference;
  std::optional<CpuPath> highest_;
  const LinearForm* prefill_ = nullptr;
  const LinearForm* decode_ = nullptr;
  const RowOperations* rows_ = nullptr;
  const ActivationOperations* activations_ = nullptr;
  const AttentionForm* prefill_attention_ = nullptr;
  const AttentionForm* decode_attention_ = nullptr;
  const LogitOperations* logits_ = nullptr;
};

}  // namespace fullstop::kernels

#endif  // FULLSTOP_KERNELS_KERNELS_H_
