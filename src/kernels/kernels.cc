#include "kernels/kernels.h"

#include <cassert>

#include "base/error.h"
#include "format/dequantize.h"
#include "format/quant_blocks.h"
#include "kernels/cpu_features.h"
#include "kernels/operations.h"
#include "kernels/strips.h"

namespace fullstop::kernels {
namespace {

// Of the types that have strips.
constexpr size_t kMostBlockBytes = sizeof(BlockQ6_K);

// What a path implements; null where it has nothing of its own.
struct Implementations {
  CpuPath path;
  const LinearForm* prefill;
  const LinearForm* decode;
  const RowOperations* rows;
  const ActivationOperations* activations;
  const AttentionForm* prefill_attention;
  const AttentionForm* decode_attention;
  const LogitOperations* logits;
};

// Best first, reference last.
constexpr Implementations kImplementations[] = {
#if defined(FULLSTOP_KERNELS_X86)
    {CpuPath::kAmx, &amx::kPrefill, nullptr, nullptr, nullptr, &amx::kAttention,
     nullptr, nullptr},
    {CpuPath::kAvx512, &avx512::kPrefill, &avx512::kDecode, &avx512::kRows,
     &avx512::kActivationTable, &avx512::kAttention, &avx512::kAttention,
     &avx512::kLogits},
    {CpuPath::kAvx2, &avx2::kPrefill, &avx2::kDecode, &avx2::kRows,
     &avx2::kActivationTable, &avx2::kAttention, &avx2::kAttention,
     &avx2::kLogits},
#endif
    {CpuPath::kReference, &reference::kLinear, &reference::kLinear,
     &reference::kRows, &reference::kActivationTable, &reference::kAttention,
     &reference::kAttention, &reference::kLogits},
};

constexpr CpuPath kPaths[] = {CpuPath::kReference, CpuPath::kAvx2,
                              CpuPath::kAvx512, CpuPath::kAmx};

// Why a row of the table does not serve; empty where it does.
std::string Decline(CpuPath path, bool implemented, const CpuFeatures& features,
                    std::optional<CpuPath> highest) {
  if (highest && path > *highest) {
    return "above the path asked for, " + std::string(CpuPathName(*highest));
  }
  if (!implemented) return "has no implementation of its own";
  const std::string missing = MissingFeatures(path, features);
  return missing.empty() ? "" : "this CPU or its system lacks " + missing;
}

template <typename Operations>
Kernels::Choice Choose(std::string_view name,
                       const Operations* Implementations::* member,
                       std::optional<CpuPath> highest,
                       const Operations** chosen) {
  const CpuFeatures features = CpuFeatures::Detect();
  Kernels::Choice choice = {name, CpuPath::kReference, {}};
  for (const Implementations& row : kImplementations) {
    std::string reason =
        Decline(row.path, row.*member != nullptr, features, highest);
    if (reason.empty()) {
      *chosen = row.*member;
      choice.path = row.path;
      break;
    }
    choice.declined.push_back({row.path, std::move(reason)});
  }
  return choice;
}

bool Built(CpuPath path) {
  for (const Implementations& row : kImplementations) {
    if (row.path == path) return true;
  }
  return false;
}

LinearFunction LinearFunctions::* Member(TensorType type) {
  switch (type) {
    case TensorType::kF32:
      return &LinearFunctions::f32;
    case TensorType::kF16:
      return &LinearFunctions::f16;
    case TensorType::kBF16:
      return &LinearFunctions::bf16;
    case TensorType::kQ4_0:
      return &LinearFunctions::q4_0;
    case TensorType::kQ4_1:
      return &LinearFunctions::q4_1;
    case TensorType::kQ5_0:
      return &LinearFunctions::q5_0;
    case TensorType::kQ5_1:
      return &LinearFunctions::q5_1;
    case TensorType::kQ8_0:
      return &LinearFunctions::q8_0;
    case TensorType::kIQ4_NL:
      return &LinearFunctions::iq4_nl;
    case TensorType::kMXFP4:
      return &LinearFunctions::mxfp4;
    case TensorType::kQ2_K:
      return &LinearFunctions::q2_k;
    case TensorType::kQ3_K:
      return &LinearFunctions::q3_k;
    case TensorType::kQ4_K:
      return &LinearFunctions::q4_k;
    case TensorType::kQ5_K:
      return &LinearFunctions::q5_k;
    case TensorType::kQ6_K:
      return &LinearFunctions::q6_k;
    case TensorType::kIQ4_XS:
      return &LinearFunctions::iq4_xs;
    case TensorType::kIQ2_XXS:
      return &LinearFunctions::iq2_xxs;
    case TensorType::kIQ2_XS:
      return &LinearFunctions::iq2_xs;
    case TensorType::kIQ2_S:
      return &LinearFunctions::iq2_s;
    case TensorType::kIQ3_XXS:
      return &LinearFunctions::iq3_xxs;
    case TensorType::kIQ3_S:
      return &LinearFunctions::iq3_s;
    case TensorType::kIQ1_S:
      return &LinearFunctions::iq1_s;
    case TensorType::kIQ1_M:
      return &LinearFunctions::iq1_m;
    case TensorType::kTQ1_0:
      return &LinearFunctions::tq1_0;
    case TensorType::kTQ2_0:
      return &LinearFunctions::tq2_0;
    case TensorType::kNVFP4:
      return &LinearFunctions::nvfp4;
    default:
      return nullptr;
  }
}

}  // namespace

Matrix RowsOf(const Matrix& w, int64_t first, int64_t count) {
  assert(w.layout == Layout::kRows || first % kStripRows == 0);
  Matrix rows = w;
  rows.data += first * w.row_bytes;
  rows.rows = count;
  return rows;
}

std::string_view CpuPathName(CpuPath path) {
  switch (path) {
    case CpuPath::kReference:
      return "reference";
    case CpuPath::kAvx2:
      return "avx2";
    case CpuPath::kAvx512:
      return "avx512";
    case CpuPath::kAmx:
      return "amx";
  }
  return "";
}

CpuPath ParseCpuPath(std::string_view name) {
  std::string names;
  for (const CpuPath path : kPaths) {
    if (name == CpuPathName(path)) return path;
    if (!names.empty()) names += ", ";
    names += CpuPathName(path);
  }
  throw Error::Usage("unknown CPU path \"" + std::string(name) + "\"")
      .Advice("use one of " + names);
}

std::vector<CpuPath> Kernels::AvailablePaths() {
  const CpuFeatures features = CpuFeatures::Detect();
  std::vector<CpuPath> paths;
  for (const CpuPath path : kPaths) {
    if (Built(path) && MissingFeatures(path, features).empty()) {
      paths.push_back(path);
    }
  }
  return paths;
}

Kernels Kernels::Select(std::optional<CpuPath> highest) {
  if (highest) {
    RequireFeatures(*highest, CpuFeatures::Detect());
    if (!Built(*highest)) {
      throw Error::Unsupported("CPU path " +
                               std::string(CpuPathName(*highest)) +
                               " is not part of this build");
    }
  }
  Kernels kernels;
  kernels.highest_ = highest;
  for (const Choice& choice : kernels.Choose()) {
    if (choice.path > kernels.path_) kernels.path_ = choice.path;
  }
  return kernels;
}

std::vector<Kernels::Choice> Kernels::Choices() const {
  return Kernels(*this).Choose();
}

std::vector<Kernels::Choice> Kernels::Choose() {
  return {
      kernels::Choose("linear prefill", &Implementations::prefill, highest_,
                      &prefill_),
      kernels::Choose("linear decode", &Implementations::decode, highest_,
                      &decode_),
      kernels::Choose("rows", &Implementations::rows, highest_, &rows_),
      kernels::Choose("activations", &Implementations::activations, highest_,
                      &activations_),
      kernels::Choose("attention prefill", &Implementations::prefill_attention,
                      highest_, &prefill_attention_),
      kernels::Choose("attention decode", &Implementations::decode_attention,
                      highest_, &decode_attention_),
      kernels::Choose("logits", &Implementations::logits, highest_, &logits_),
  };
}

const LinearForm& Kernels::form(Phase phase) const {
  return phase == Phase::kPrefill ? *prefill_ : *decode_;
}

const AttentionForm& Kernels::attention_form(Phase phase) const {
  return phase == Phase::kPrefill ? *prefill_attention_ : *decode_attention_;
}

bool Kernels::Supports(TensorType type) { return Member(type) != nullptr; }

bool Kernels::ReadsStrips(TensorType type) const {
  const auto member = Member(type);
  return member != nullptr && prefill_->strips.*member != nullptr &&
         decode_->strips.*member != nullptr;
}

size_t Kernels::PreparedBytes(Phase phase, int64_t rows,
                              int64_t columns) const {
  return form(phase).prepared_bytes(rows, columns);
}

int64_t Kernels::PrepareGrain(Phase phase) const {
  return form(phase).prepare_grain;
}

void Kernels::PrepareLinear(Phase phase, const LinearInput& input,
                            int64_t row_begin, int64_t row_end,
                            void* prepared) const {
  assert(row_begin % form(phase).prepare_grain == 0);
  form(phase).prepare(input, row_begin, row_end, prepared);
}

size_t Kernels::LinearScratchBytes(Phase phase, int64_t columns) const {
  return form(phase).scratch_bytes(columns);
}

int64_t Kernels::LinearGrain(Phase phase) const { return form(phase).grain; }

int64_t Kernels::LinearWidth(Phase phase) const { return form(phase).width; }

void Kernels::Linear(Phase phase, const LinearInput& input, const Matrix& w,
                     int64_t n_begin, int64_t n_end, float* y, int64_t y_stride,
                     void* scratch) const {
  assert(Supports(w.type) && input.columns == w.columns && n_end <= w.rows);
  const PackedRows rows = {reinterpret_cast<const uint8_t*>(w.data),
                           w.row_bytes};
  const OutputRange out = {n_begin, n_end, y, y_stride};
  const LinearForm& chosen = form(phase);
  const LinearFunctions& functions =
      w.layout == Layout::kStrips ? chosen.strips : chosen.functions;
  (functions.*Member(w.type))(input, rows, out, scratch);
}

void Kernels::DequantizeRow(const Matrix& w, int64_t row, float* out) const {
  if (w.layout == Layout::kRows) {
    Dequantize(w.type, w.data + row * w.row_bytes, out,
               static_cast<size_t>(w.columns));
    return;
  }
  const TensorTraits& traits = Traits(w.type);
  const auto length = static_cast<int64_t>(traits.block_length);
  std::byte block[kMostBlockBytes];
  assert(traits.block_bytes <= sizeof(block));
  for (int64_t i = 0; i * length < w.columns; ++i) {
    ReadStripBlock(w, row, i, block);
    Dequantize(w.type, block, out + i * length, traits.block_length);
  }
}

void Kernels::RmsNorm(const float* x, const float* weight, int64_t n,
                      float epsilon, float* out) const {
  rows_->rms_norm(x, weight, n, epsilon, out);
}

void Kernels::LayerNorm(const float* x, const float* weight, const float* bias,
                        int64_t n, float epsilon, float* out) const {
  rows_->layer_norm(x, weight, bias, n, epsilon, out);
}

void Kernels::Add(float* x, const float* y, int64_t n) const {
  rows_->add(x, y, n);
}

void Kernels::Scale(float* x, int64_t n, float factor) const {
  rows_->scale(x, n, factor);
}

void Kernels::MultiplyAdd(const float* x, const float* y, int64_t n,
                          float* out) const {
  rows_->multiply_add(x, y, n, out);
}

void Kernels::DeltaRule(const DeltaRuleInput& input, float* state,
                        float* out) const {
  rows_->delta_rule(input, state, out);
}

void Kernels::Activate(Activation activation,
                       const ActivationParameters& parameters,
                       const float* gate, const float* up, int64_t n,
                       float* out) const {
  activations_->functions[static_cast<int>(activation)](gate, up, n, parameters,
                                                        out);
}

void Kernels::SoftCap(float* x, int64_t n, float cap) const {
  activations_->soft_cap(x, n, cap);
}

void Kernels::Rope(float* x, int64_t heads, int64_t head_dim, int64_t rotated,
                   RopePairs pairs, const float* cos, const float* sin) const {
  const auto rotate =
      pairs == RopePairs::kAdjacent ? rows_->rope_adjacent : rows_->rope_halves;
  for (int64_t head = 0; head < heads; ++head) {
    rotate(x + head * head_dim, rotated, cos, sin);
  }
}

void Kernels::F32ToF16(const float* x, int64_t n, uint16_t* out) const {
  rows_->f32_to_f16(x, n, out);
}

void Kernels::F16ToF32(const uint16_t* x, int64_t n, float* out) const {
  rows_->f16_to_f32(x, n, out);
}

void Kernels::F32ToBf16(const float* x, int64_t n, uint16_t* out) const {
  rows_->f32_to_bf16(x, n, out);
}

void Kernels::Bf16ToF32(const uint16_t* x, int64_t n, float* out) const {
  rows_->bf16_to_f32(x, n, out);
}

size_t Kernels::AttentionScratchBytes(Phase phase, int32_t heads,
                                      int32_t kv_heads,
                                      int32_t head_dim) const {
  return attention_form(phase).scratch_bytes(heads, kv_heads, head_dim);
}

int64_t Kernels::AttentionGrain(Phase phase) const {
  return attention_form(phase).grain;
}

void Kernels::Attention(Phase phase, const AttentionInput& input,
                        int64_t row_begin, int64_t row_end, int32_t kv_begin,
                        int32_t kv_end, void* scratch) const {
  attention_form(phase).run(input, {row_begin, row_end, kv_begin, kv_end},
                            scratch);
}

uint32_t Kernels::ReadMemory(const void* memory, size_t bytes) const {
  return rows_->read_memory(memory, bytes);
}

double Kernels::MultiplyInRegisters(int64_t times) const {
  return prefill_->multiply_in_registers(times);
}

void Kernels::Softmax(const float* x, int64_t n, float* out) const {
  logits_->softmax(x, n, out);
}

double Kernels::LogSumExp(const float* x, int64_t n) const {
  return logits_->log_sum_exp(x, n);
}

}  // namespace fullstop::kernels
