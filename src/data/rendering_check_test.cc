#include "data/rendering_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "protocol/byte_model.h"

namespace fullstop {
namespace {

using ::testing::Eq;
using ::testing::Optional;

class RenderingCheckTest : public ::testing::Test {
 protected:
  std::optional<size_t> Check(const std::string& text) const {
    const ByteRange whole = {0, text.size()};
    const std::vector<TokenId> ids = protocol_->tokenizer()->Encode(
        text, {.control_ranges = {&whole, 1}, .extra_control = {}});
    return RenderingCheck(*protocol_).FirstOther(ids);
  }

 private:
  std::shared_ptr<const TurnProtocol> protocol_ =
      ByteModel({"<s>", "</s>", "<|user|>", "<|bot|>"})
          .Template(
              "<s>{% for m in messages %}{{ '<|user|>' if m.role == 'user' "
              "else '<|bot|>' }}{{ m.content | trim }}"
              "{{ '</s>' if m.role != 'user' }}\n{% endfor %}")
          .Declare("bos", "<s>")
          .Declare("eos", "</s>")
          .Resolve();
};

TEST_F(RenderingCheckTest, WhatChatRendersAgrees) {
  EXPECT_EQ(Check("<s><|user|>one\n<|bot|>two</s>\n<|user|>three\n<|bot|>four"
                  "</s>\n"),
            std::nullopt);
}

TEST_F(RenderingCheckTest, ARowThatWasCutAgreesAsFarAsItGoes) {
  EXPECT_EQ(Check("<s><|user|>one\n<|bot|>two and th"), std::nullopt);
  EXPECT_EQ(Check("<s><|user|>one\n<|bot|>two</s>\n<|us"), std::nullopt);
}

TEST_F(RenderingCheckTest, WhiteSpaceThatChatStripsIsSeen) {
  EXPECT_THAT(Check("<s><|user|>one\n<|bot|>two \n</s>\n<|user|>three\n<|bot|>"
                    "four</s>\n"),
              Optional(Eq(10U)));
}

TEST_F(RenderingCheckTest, WhatCannotBeReadBackSaysNothing) {
  EXPECT_EQ(Check("### Human: one ### Assistant: two and three"), std::nullopt);
  EXPECT_EQ(Check(""), std::nullopt);
}

}  // namespace
}  // namespace fullstop
