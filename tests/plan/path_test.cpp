#include "plan/path.hpp"

#include "graphs.hpp"

namespace sqs {
namespace {

TEST(Path, WindowsFoldIntoOneStrideAndHalo) {
  GraphBuilder b(8, 4);
  const auto rows = b.graph()->rows(100, true);
  Link link{kInputNode, reach_of(reads("input", Edge::Valid, 2, 1, 3)), false};
  const Path path = resolve(*b.graph(), *rows, link, *rows_through(link.reach, rows->at(kInputNode).out));
  EXPECT_EQ(path.real, kFramesNode);
  EXPECT_EQ(path.stride, 12u);
  EXPECT_EQ(path.low, 0);         // row 0 sits on window 2, whose first neighbour begins at frame 0
  EXPECT_EQ(path.high, 8 + 4 + 7);  // window 3 ends at frame 19
  EXPECT_EQ(path.interior_begin, 0u);
}

TEST(Path, RowsThatReachPastAnEndAreNotInterior) {
  GraphBuilder b(8, 4);
  const auto rows = b.graph()->rows(20, true);
  Link link{kFramesNode, reach_of(reads("frames", Edge::Reflect, 3, 2, 1)), false};
  const Path path = resolve(*b.graph(), *rows, link, Rows{20, 0, 1, false});
  EXPECT_EQ(path.interior_begin, 3u);
  EXPECT_EQ(path.interior_end, 18u);
}

}  // namespace
}  // namespace sqs
