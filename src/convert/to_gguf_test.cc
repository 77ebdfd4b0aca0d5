#include "convert/to_gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/test_folder.h"
#include "convert/tiny_folders.h"
#include "format/gguf_writer.h"
#include "model/architectures.h"
#include "model/load.h"
#include "protocol/sources.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::vector<float>> Logits(const ModelFile& file,
                                       const std::vector<TokenId>& ids) {
  const auto model =
      LoadModel(file, {.context_length = static_cast<int32_t>(ids.size()),
                       .cpu_path = kernels::CpuPath::kReference,
                       .threads = 1});
  return PrefillLogits(*model, ids);
}

// max |difference| / max |logit|
template <typename Row>
double Difference(const std::vector<std::vector<float>>& ours,
                  const std::vector<Row>& exact) {
  double worst = 0;
  double largest = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    for (size_t j = 0; j < exact[i].size(); ++j) {
      const auto expected = static_cast<double>(exact[i][j]);
      largest = std::max(largest, std::abs(expected));
      worst =
          std::max(worst, std::abs(static_cast<double>(ours[i][j]) - expected));
    }
  }
  return worst / largest;
}

class ToGgufTest : public testing::TestWithParam<TinyModel> {
 protected:
  HfFolder Open() const {
    return HfFolder::Open(WriteTinyFolder(GetParam(), folder_.path()));
  }
  std::string Output() const { return folder_.File("out.gguf"); }

  TestFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Models, ToGgufTest,
                         testing::ValuesIn(ReadTinyModels()),
                         [](const auto& model) {
                           return model.param.name + "_" + model.param.layout;
                         });

TEST_P(ToGgufTest, LogitsAndProtocolStay) {
  const HfFolder folder = Open();
  const ConvertResult result =
      FolderToGguf(folder, Output(), OutType::kAuto, nullptr);
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(result.written_hash, result.source_hash);
  std::vector<testing::Matcher<std::string>> remarks;
  if (GetParam().config.contains("text_config")) {
    remarks.emplace_back(HasSubstr("only the text model"));
  }
  if (std::ranges::any_of(GetParam().tensors, [](const auto& tensor) {
        return tensor[0].template get<std::string>().starts_with("mtp.");
      })) {
    remarks.emplace_back(AllOf(HasSubstr("predict further tokens"),
                               HasSubstr("the first is mtp.")));
  }
  EXPECT_THAT(result.remarks, testing::ElementsAreArray(remarks));
  const GgufFile file = GgufFile::Open(Output());
  EXPECT_EQ(file.tensors().size(), result.tensors);
  const auto before = Logits(ReadModelFolder(folder), GetParam().ids);
  const auto after = Logits(file, GetParam().ids);
  // Rows of q and k in another order are summed in another order.
  EXPECT_LE(Difference(after, before), 1e-5);
  EXPECT_LE(Difference(after, GetParam().logits), 4e-3);
}

TEST_P(ToGgufTest, EightBitsComeNear) {
  const HfFolder folder = Open();
  FolderToGguf(folder, Output(), OutType::kQ8_0, nullptr);
  const GgufFile file = GgufFile::Open(Output());
  const auto eight =
      std::ranges::count(file.tensors(), TensorType::kQ8_0, &GgufTensor::type);
  EXPECT_GT(eight, 0);
  EXPECT_EQ(file.GetInteger("general.file_type"), 7);
  // Rounding moves some tokens of a mixture to another expert.
  const bool mixture = std::ranges::any_of(
      file.tensors(), [](const GgufTensor& t) { return t.shape.size() > 2; });
  EXPECT_LE(Difference(Logits(file, GetParam().ids), GetParam().logits),
            mixture ? 0.6 : 0.2);
}

class ConvertFolderTest : public testing::Test {
 protected:
  ConvertFolderTest() : path_(WriteTinyFolder(Model(), folder_.path())) {}
  static TinyModel Model() {
    for (const TinyModel& model : ReadTinyModels()) {
      if (model.name == "qwen3") return model;
    }
    return ReadTinyModels().front();
  }
  std::string Output() const { return folder_.File("out.gguf"); }

  TestFolder folder_;
  std::string path_;
};

TEST_F(ConvertFolderTest, KeysSayWhatTheFolderSays) {
  FolderToGguf(HfFolder::Open(path_), Output(), OutType::kBF16, nullptr);
  const GgufFile file = GgufFile::Open(Output());
  EXPECT_EQ(file.GetString("general.license"), "apache-2.0");
  EXPECT_EQ(file.GetString("general.license.link"), "there");
  EXPECT_EQ(file.GetString("general.name"),
            std::filesystem::path(path_).filename().string());
  EXPECT_EQ(file.GetInteger("general.file_type"), 32);
  EXPECT_EQ(file.GetString("tokenizer.ggml.model"), "gpt2");
  EXPECT_EQ(file.GetString("tokenizer.ggml.pre"), "qwen2");
  EXPECT_EQ(file.GetInteger("tokenizer.ggml.eos_token_id"), 2);
  EXPECT_EQ(file.GetInteger("tokenizer.ggml.eot_token_id"), 3);
  EXPECT_EQ(file.GetBool("tokenizer.ggml.add_bos_token"), false);
  EXPECT_THAT(*file.GetIntegers("fullstop.stop_token_ids"), ElementsAre(2, 3));
  EXPECT_THAT(*file.GetIntegers("fullstop.token_lstrip"), ElementsAre(3));
  EXPECT_THAT(*file.GetIntegers("fullstop.token_rstrip"), ElementsAre(2));
  EXPECT_FLOAT_EQ(static_cast<float>(*file.GetFloat("general.sampling.temp")),
                  0.7f);
  EXPECT_EQ(file.GetInteger("general.sampling.top_k"), 20);
  // The model has as many rows as the vocabulary tokens, filled up.
  EXPECT_EQ(file.GetStrings("tokenizer.ggml.tokens")->back(), "[PAD47]");
  // What other programs ask for has 32 bits.
  for (const GgufEntry& entry : file.entries()) {
    EXPECT_NE(GgufTypeName(entry.value), "uint64") << entry.key;
    EXPECT_NE(GgufTypeName(entry.value), "float64") << entry.key;
  }
}

TEST_F(ConvertFolderTest, StoppingLeavesNothing) {
  const size_t before = folder_.Count();
  uint64_t most = 0;
  const ConvertResult result =
      FolderToGguf(HfFolder::Open(path_), Output(), OutType::kAuto,
                   [&most](uint64_t done, uint64_t total) {
                     most = std::max(most, done);
                     return done < total / 2;
                   });
  EXPECT_TRUE(result.stopped);
  EXPECT_GT(most, 0u);
  EXPECT_EQ(folder_.Count(), before);
}

TEST_F(ConvertFolderTest, ProgressEndsAtTheTotal) {
  uint64_t last = 0;
  uint64_t all = 0;
  const ConvertResult result =
      FolderToGguf(HfFolder::Open(path_), Output(), OutType::kF16,
                   [&](uint64_t done, uint64_t total) {
                     EXPECT_GT(done, last);
                     last = done;
                     all = total;
                     return true;
                   });
  EXPECT_EQ(last, all);
  EXPECT_EQ(last, result.bytes);
}

TEST_F(ConvertFolderTest, OldFileGetsTheFoldersProtocol) {
  FolderToGguf(HfFolder::Open(path_), Output(), OutType::kAuto, nullptr);
  const GgufFile good = GgufFile::Open(Output());
  // As an old converter left it: one end, no template, no types of tokens.
  GgufWriter writer;
  for (const GgufEntry& entry : good.entries()) {
    if (entry.key.starts_with("fullstop.") ||
        entry.key.starts_with("tokenizer.chat_template") ||
        entry.key == "tokenizer.ggml.eot_token_id" ||
        entry.key == "tokenizer.ggml.token_type") {
      continue;
    }
    writer.Add(entry.key, entry.value);
  }
  for (const GgufTensor& tensor : good.tensors()) {
    writer.AddTensor(tensor.name, tensor.type, tensor.shape, tensor.data);
  }
  const std::string old = folder_.File("old.gguf");
  writer.WriteFile(old);
  const GgufFile file = GgufFile::Open(old);
  const std::string mended = folder_.File("new.gguf");
  const ConvertResult result =
      GgufWithProtocol(file, HfFolder::Open(path_), {}, mended, nullptr);
  EXPECT_EQ(result.written_hash, result.source_hash);
  const GgufFile out = GgufFile::Open(mended);
  EXPECT_THAT(*out.GetIntegers("fullstop.stop_token_ids"), ElementsAre(2, 3));
  EXPECT_EQ(out.entries().size(), good.entries().size());
  for (const GgufTensor& tensor : good.tensors()) {
    const GgufTensor* same = out.FindTensor(tensor.name);
    ASSERT_NE(same, nullptr);
    EXPECT_TRUE(std::ranges::equal(same->data, tensor.data)) << tensor.name;
  }
}

TEST_F(ConvertFolderTest, AnotherModelsVocabularyIsRefused) {
  FolderToGguf(HfFolder::Open(path_), Output(), OutType::kAuto, nullptr);
  const GgufFile file = GgufFile::Open(Output());
  nlohmann::ordered_json tokenizer = TinyTokenizer(48);
  nlohmann::ordered_json vocab;
  for (const auto& [text, id] : tokenizer["model"]["vocab"].items()) {
    vocab[id.get<int>() < 20 ? text : text + "x"] = id;
  }
  tokenizer["model"]["vocab"] = vocab;
  tokenizer["model"]["merges"] = nlohmann::ordered_json::array();
  WriteFileAtomically(path_ + "/tokenizer.json", tokenizer.dump());
  try {
    GgufWithProtocol(file, HfFolder::Open(path_), {}, folder_.File("new.gguf"),
                     nullptr);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kUsage);
    EXPECT_THAT(error.message(), HasSubstr("different models"));
  }
}

}  // namespace
}  // namespace fullstop
