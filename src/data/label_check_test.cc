#include "data/label_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "protocol/byte_model.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TokenId kEnd = 256;
constexpr TokenId kEos = 257;

class LabelCheckTest : public ::testing::Test {
 protected:
  // A row of pieces: words that are given, words that are trained behind "+",
  // and the ends "E" and "O", given or trained alike.
  void Add(std::string_view piece) {
    const bool trained = piece.starts_with('+');
    if (trained) piece.remove_prefix(1);
    for (const char c : piece) {
      const TokenId id = c == 'E' ? kEnd : c == 'O' ? kEos : c;
      row_.ids.push_back(id);
      row_.labels.push_back(trained ? id : kNotTrained);
    }
  }

  // The first id that stands behind has the label EOS.
  void TeachEnd(size_t at) { row_.labels.at(at) = kEos; }

  std::vector<LabelFault> Faults() const {
    std::vector<LabelFault> faults;
    const LabelChecker checker(*protocol_, LabelChecker::Ids::kOurs);
    for (const LabelFinding& each : checker.Check(row_).findings) {
      faults.push_back(each.fault);
    }
    return faults;
  }

  TokenizedRow row_;

 private:
  std::shared_ptr<const TurnProtocol> protocol_ = TurnProtocol::Resolve(
      ByteModel({"<end>", "<eos>"})
          .Declare("eos", "<eos>")
          .Declare("eot", "<end>")
          .Template("{% for m in messages %}{{ m.role }}:{{ m.content }}<end>"
                    "{% endfor %}")
          .Sources());
};

TEST_F(LabelCheckTest, SeveralEndsMayCloseATurn) {
  Add("q.E");
  Add("+yes.E\nO");
  EXPECT_THAT(Faults(), IsEmpty());
}

TEST_F(LabelCheckTest, AnEndWithinATurnParts) {
  Add("q.E");
  Add("+yes.Eno.E");
  EXPECT_THAT(Faults(), ElementsAre(LabelFault::kInnerEnd));
}

TEST_F(LabelCheckTest, AnEndMayBeALabelAlone) {
  Add("q.");
  Add("+yes.");
  Add("q.");
  TeachEnd(6);
  Add("+no.O");
  EXPECT_THAT(Faults(), IsEmpty());
}

TEST_F(LabelCheckTest, LabelsOfOtherWordsAreNone) {
  Add("q.");
  Add("+yes.E");
  row_.labels[3] = 'x';
  EXPECT_THAT(Faults(), ElementsAre(LabelFault::kOtherLabels));
}

TEST_F(LabelCheckTest, TheFirstLabelIsNotLearnt) {
  Add("q.no.q.");
  TeachEnd(0);
  Add("+yes.O");
  EXPECT_THAT(Faults(), IsEmpty());
  TeachEnd(5);
  EXPECT_THAT(Faults(), ElementsAre(LabelFault::kLoneEnd));
}

TEST_F(LabelCheckTest, TextsThatAreSeenByTheNextAreTold) {
  Add("q.");
  Add("+yes.E");
  row_.seen_by_next = true;
  EXPECT_THAT(Faults(), ElementsAre(LabelFault::kSharedRow));
}

}  // namespace
}  // namespace fullstop
