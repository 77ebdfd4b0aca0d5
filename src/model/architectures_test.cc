// Files that hold tensors in an older form.
#include "model/architectures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/test_folder.h"
#include "format/gguf_writer.h"
#include "format/hf_folder.h"
#include "format/safetensors.h"
#include "model/load.h"
#include "model/tiny_models.h"

namespace fullstop {
namespace {

TinyModel TinyModelOf(std::string_view name) {
  for (TinyModel& model : ReadTinyModels()) {
    if (model.name == name) return std::move(model);
  }
  throw Error::NotFound(std::string(name));
}

std::vector<std::byte> BytesOf(const ModelTensor& tensor) {
  std::vector<std::byte> bytes;
  for (uint64_t i = 0; tensor.make && i < tensor.matrices(); ++i) {
    const std::vector<std::byte> matrix = tensor.make(i);
    bytes.insert(bytes.end(), matrix.begin(), matrix.end());
  }
  for (const std::span<const std::byte> piece : tensor.pieces) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
  return bytes;
}

void ExpectLogits(ForwardModel& model, const TinyModel& tiny) {
  const auto logits = PrefillLogits(model, tiny.ids);
  for (size_t row = 0; row < logits.size(); ++row) {
    for (size_t i = 0; i < logits[row].size(); ++i) {
      EXPECT_NEAR(logits[row][i], tiny.logits[row][i], 3e-4);
    }
  }
}

// DeepSeek's tiny model as files hold it that were made before its keys' and
// values' matrices were written apart.
class OldDeepSeekTest : public testing::Test {
 protected:
  OldDeepSeekTest() : model_(TinyModelOf("deepseek_v2_lite")) {
    const TestFolder place;
    const std::string path = WriteTinyModel(model_, place.path());
    const HfFolder folder = HfFolder::Open(path);
    const ModelFile file = ReadModelFolder(folder);
    GgufWriter writer;
    for (const GgufEntry& entry : file.keys().entries()) {
      if (entry.key.find("attention.key_length") == std::string::npos &&
          entry.key.find("attention.value_length") == std::string::npos) {
        writer.Add(entry.key, entry.value);
      }
    }
    const auto length = [](uint64_t value) { return GgufValue{value}; };
    writer.Add("deepseek2.attention.key_length", length(16));
    writer.Add("deepseek2.attention.value_length", length(8));
    std::deque<std::vector<std::byte>> data;
    for (const ModelTensor& tensor : file.tensors()) {
      if (tensor.name.ends_with("attn_k_b.weight")) continue;
      if (tensor.name.ends_with("attn_v_b.weight")) continue;
      writer.AddTensor(tensor.name, tensor.type, tensor.shape,
                       data.emplace_back(BytesOf(tensor)));
    }
    const SafetensorsSet weights = folder.OpenWeights();
    for (int layer = 0; layer < 2; ++layer) {
      const SafetensorsTensor* fused =
          weights.Find("model.layers." + std::to_string(layer) +
                       ".self_attn.kv_b_proj.weight");
      const std::vector<uint64_t> shape = {fused->shape[1], fused->shape[0]};
      writer.AddTensor("blk." + std::to_string(layer) + ".attn_kv_b.weight",
                       TensorType::kF32, shape, fused->data);
    }
    bytes_ = writer.ToString();
  }

  TinyModel model_;
  std::string bytes_;
};

TEST_F(OldDeepSeekTest, MatrixOfKeysAndValuesIsTakenApart) {
  const GgufFile file =
      GgufFile::Parse(std::as_bytes(std::span(bytes_)), "old.gguf");
  const auto model =
      LoadModel(file, {.cache_type = kernels::CacheType::kF32, .threads = 1});
  ExpectLogits(*model, model_);
}

TEST_F(OldDeepSeekTest, MatrixOfAnotherShapeIsRefused) {
  // The key says 8, and so do the tensors.
  const std::string key = "deepseek2.attention.value_length";
  const size_t value = bytes_.find(key) + key.size() + sizeof(uint32_t);
  bytes_[value] = 24;
  const GgufFile file =
      GgufFile::Parse(std::as_bytes(std::span(bytes_)), "old.gguf");
  try {
    LoadModel(file, {});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kFormat);
    EXPECT_THAT(error.what(), testing::HasSubstr("attn_kv_b.weight"));
  }
}

// Qwen 3 Next's tiny model as files hold it that were made before queries, keys
// and values were written apart from their gates: rows as the folder has them.
class OldQwen3NextTest : public testing::Test {
 protected:
  OldQwen3NextTest() : model_(TinyModelOf("qwen3_next")) {
    const TestFolder place;
    const std::string path = WriteTinyModel(model_, place.path());
    const HfFolder folder = HfFolder::Open(path);
    const ModelFile file = ReadModelFolder(folder);
    GgufWriter writer;
    for (const GgufEntry& entry : file.keys().entries()) {
      writer.Add(entry.key, entry.value);
    }
    const SafetensorsSet weights = folder.OpenWeights();
    std::deque<std::vector<std::byte>> data;
    for (const ModelTensor& tensor : file.tensors()) {
      const std::string block =
          tensor.name.substr(0, tensor.name.rfind("attn"));
      const SafetensorsTensor* fused =
          weights.Find("model.layers." + std::to_string(LayerOf(tensor.name)) +
                       ".linear_attn.in_proj_qkvz.weight");
      if (tensor.name.ends_with("attn_qkv.weight")) {
        const std::vector<uint64_t> shape = {fused->shape[1], fused->shape[0]};
        writer.AddTensor(block + "ssm_in.weight", TensorType::kF32, shape,
                         fused->data);
      } else if (!tensor.name.ends_with("attn_gate.weight")) {
        writer.AddTensor(tensor.name, tensor.type, tensor.shape,
                         data.emplace_back(BytesOf(tensor)));
      }
    }
    bytes_ = writer.ToString();
  }

  static int LayerOf(const std::string& name) {
    return name.starts_with("blk.") ? std::stoi(name.substr(4)) : -1;
  }

  TinyModel model_;
  std::string bytes_;
};

TEST_F(OldQwen3NextTest, MatrixOfAllIsTakenApart) {
  const GgufFile file =
      GgufFile::Parse(std::as_bytes(std::span(bytes_)), "old.gguf");
  const auto model =
      LoadModel(file, {.cache_type = kernels::CacheType::kF32, .threads = 1});
  ExpectLogits(*model, model_);
}

TEST_F(OldQwen3NextTest, MatrixOfAnotherShapeIsRefused) {
  const std::string key = "qwen3next.ssm.inner_size";
  const size_t value = bytes_.find(key) + key.size() + sizeof(uint32_t);
  bytes_[value] = static_cast<char>(bytes_[value] / 2);
  const GgufFile file =
      GgufFile::Parse(std::as_bytes(std::span(bytes_)), "old.gguf");
  try {
    LoadModel(file, {});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kFormat);
    EXPECT_THAT(error.what(), testing::HasSubstr("ssm_in.weight"));
  }
}

}  // namespace
}  // namespace fullstop
