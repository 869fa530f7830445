"""The fixed texts of docs/quality.md: how things are counted, whose the sets are, the unseen."""

INTRODUCTION = """# Quality

Written by `surveillance evaluate ... --write-docs docs/quality.md`; edits by hand are lost. Every
run replaces its own section.

The scenarios: `basic` plants four plain kinds of groups, `nothing` none, `full` 22 kinds among 15
kinds of honest traders, `held-out` kinds and distributions of its own (docs/simulator.md).

How things are counted:

- Planted and found groups are matched one to one by shared members. A planted group is **found**
  when its match holds at least two of its members and they are at least half of the match, and
  **half found** when the match also holds at least half of its members.
- **Member recall** is over the members of all planted groups, found or missed; **member precision**
  over the members of the matches. A **fragment** is a further group with two or more members of a
  planted group; **members in any part** counts them with the match's.
- **Leader**, **subtype** and **ratio** are judged in found groups: the leader where it is on the
  venue, otherwise that the source was said to be elsewhere. A verdict on a missed group is wrong.
- An **extra** group holds two members of no planted group. A **merged** one holds two members of
  another planted group than the one it holds most of, shared followers aside.
- An honest account is **flagged** when it is in a group of any verdict but INDEPENDENT. An
  account-day is a day on which an honest account sent an order. Rates of honest accounts are per
  1,000 account-days; the number in brackets is the exact one-sided 95% upper bound for a Poisson
  count (Garwood 1936).
- The **placebo** counts pairs that cross the threshold although the leader's decisions were shifted
  in time. Its bound is the 99% Poisson quantile of what the threshold allows. Where it was exceeded
  the threshold rose until it was not (**threshold raised**, as log10); the counts are those after.
- **Copies until the first flag**: the detector runs over the stream in steps of a minute. A
  follower is provisional when a pair of it and another member has passed the threshold, confirmed
  when the closed-time stages, run every five steps, would show a group that holds both. The copies
  it had made by then are an upper bound, by at most those of the last minute or five minutes.
- **Calibration** compares the largest probability of each found group with whether that verdict is
  right; the error is the mean distance of the two in tenths of the scale, weighted by groups
  (Naeini, Cooper & Hauskrecht 2015).

The baselines, each with the parameters named here; groups are connected components of their links
unless said otherwise, the verdict goes by owner, and they name no leader, ratio or subtype:

- The **hand-set rule** links accounts that share at least five 1 s buckets of (family, side) with a
  Jaccard index of 0.2 or more.
- The **peer's rule** is that of CooRTweet's `detect_groups` (Righetti & Balluff) with its defaults,
  the same object within 10 s at least twice, and pairs that met at least twice; it was made for
  posts, where acting on one object is rarer than in a market.
- **SynchroTrap's Jaccard** (Cao et al. 2014) links accounts of whose orders half or more match
  within 10 s in one (family, side), day by day.
- The **statistically validated network** (Tumminello et al. 2011) links accounts that share more
  10 s buckets of (family, side) than the hypergeometric law allows, at a false-discovery rate of
  1% (Benjamini & Hochberg 1995).
- **coordination-network-toolkit** (Graham & QUT Digital Observatory) runs as its users run it, a
  co-retweet network with its defaults: the same (instrument, side) within 1 s at least twice.
- **HDBSCAN on features** (Campello et al. 2013; scikit-learn) takes clusters of two or more
  accounts alike in activity, keys, hours, place in the minute and gaps between orders.

Each baseline has 300 s and 4 GB a market; one that does not come back is a result.
"""

SOURCES = """There is no public exchange log with accounts, millisecond times and confirmed
ownership. These sets show behavior on real people and real bursts:

- `replication_markets`: every trade of 103 small prediction markets by researchers, one account a
  person, 1 s clock, 2012 to 2016. github.com/MichaelbGordon/pooledmaRket, CC0.
- `coordinated_posts_de`: posts with hashtags before an election; the hashtag stands for the
  instrument, a post for a buy; 1 s clock, 2021. github.com/nicolarighetti/CooRTweet, MIT.
- `coordinated_posts_ru`: reposts by accounts of one political side; the post repeated stands for
  the instrument; 1 s clock, 2021. github.com/nicolarighetti/CooRTweet, MIT."""

BLIND_SPOTS = """## What these numbers do not show

- **One team's simulators.** The planted groups and the honest kinds, the held-out ones too, come
  from the same authors as the detector. A look-alike that nobody thought of is in no table here.
  Real exchange logs with known owners are not public.
- **`basic` is easy.** Its groups copy from the first day to the last, with ten or more decisions a
  day, at a steady ratio. `full` and `held-out` have the hard ones: random delays, half copied
  entries, other sides and sizes, two providers, rotating followers, late starts, farms, sources off
  the venue. Where a section is missing here, that scenario was not measured.
- **What held-out means.** Thresholds are frozen before the held-out scenario is measured for this
  page. Before that, held-out markets had been looked at: one (seed 101, 3,000 accounts) while the
  prior of the recent share was being chosen, and two while it was judged what further evidence is
  worth (docs/decisions.md, 42). Only markets of other seeds are untouched. Every section names its
  seeds and the hash of its parameters.
- **Too few copies.** A pair needs some ten clean copies to pass the threshold. Small groups with
  few decisions need more than one day. A rule that states no error rate shows some of them earlier,
  together with honest accounts.
- **Copying only inside bursts or exactly on a clock.** The burst or the clock explains it.
- **Slow followers behind a busy leader.** Followers slower than two minutes are not seen, and a
  leader who decides again before they act is no longer the one they answer. Random delays hide
  best there.
- **Farms.** Of farms that walk with more than two minutes between accounts only fragments are
  found. Farms that use each account once are not found in the first hour of the data.
- **Groups without a leader inside a crowd.** Where everybody does the same at the same time, a
  group that follows a source elsewhere looks like the others.
- **Accounts that hardly meet.** In `coordinated_posts_ru` hardly any two accounts meet often. What
  is not found there neither confirms nor refutes the peer's groups.
- **The verdict leans on owners.** In the simulated markets the owners on record are the true ones.
  With false identities INTERNAL and EXTERNAL are told apart by ties and timing alone, and these
  runs do not measure how well.
- **What counts as copying on posts.** Groups in `coordinated_posts_de` are accounts that post the
  same hashtags together again and again. Nobody has confirmed what they are, and EXTERNAL there
  says only that the owners are unknown and the timing is not chance.
- **Days, not months.** A few days say little on habits that change over weeks.
- **The bound on honest flags** holds for this mix of honest kinds, not for another venue's. There
  the placebo is the measurement to look at.
"""
