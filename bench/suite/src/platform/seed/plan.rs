//! Who writes what and who likes what, as numbers from 0: no ids yet, no texts.

use super::Amounts;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use rand_distr::{Distribution, Zipf};
use shared_stack::{Error, Result};
use std::collections::HashSet;

/// Attempts at a like that is not there yet before the next post in popularity is taken.
const ATTEMPTS: u32 = 8;

/// The relations between users and posts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Each post's author.
    pub(super) authors: Vec<u32>,
    /// Each comment's post and author.
    pub(super) comments: Vec<(u32, u32)>,
    /// Each like's post and user, no two alike.
    pub(super) likes: Vec<(u32, u32)>,
    /// Likes by post.
    pub(super) likes_of: Vec<u32>,
    /// Comments by post.
    pub(super) comments_of: Vec<u32>,
    /// Posts, the most popular first.
    pub(super) by_popularity: Vec<u32>,
}

impl Plan {
    /// Decides everything by `number`.
    ///
    /// # Errors
    /// Posts without users, comments or likes without posts, or more likes than users can give.
    pub(super) fn new(amounts: &Amounts, number: u64) -> Result<Self> {
        check(amounts)?;
        let mut chance = StdRng::seed_from_u64(number);
        let mut by_popularity: Vec<u32> = (0..amounts.posts).collect();
        by_popularity.shuffle(&mut chance);
        let mut plan = Self {
            authors: Vec::new(),
            comments: Vec::new(),
            likes: Vec::new(),
            likes_of: vec![0; by_popularity.len()],
            comments_of: vec![0; by_popularity.len()],
            by_popularity,
        };
        let (Some(users), Some(posts)) = (ranks(amounts.users), ranks(amounts.posts)) else {
            return Ok(plan);
        };
        plan.authors = (0..amounts.posts).map(|_| rank(&users, &mut chance)).collect();
        for _ in 0..amounts.comments {
            let post = plan.by_popularity[rank(&posts, &mut chance) as usize];
            plan.comments.push((post, rank(&users, &mut chance)));
            plan.comments_of[post as usize] += 1;
        }
        plan.like(amounts, &posts, &mut chance);
        Ok(plan)
    }

    fn like(&mut self, amounts: &Amounts, posts: &Zipf<f64>, chance: &mut StdRng) {
        let mut given = HashSet::with_capacity(amounts.likes as usize);
        while self.likes.len() < amounts.likes as usize {
            let mut popularity = rank(posts, chance);
            let mut attempt = 0;
            let like = loop {
                let post = self.by_popularity[popularity as usize];
                let like = (post, chance.random_range(0..amounts.users));
                if given.insert(like) {
                    break like;
                }
                attempt += 1;
                if attempt % ATTEMPTS == 0 {
                    popularity = (popularity + 1) % amounts.posts;
                }
            };
            self.likes_of[like.0 as usize] += 1;
            self.likes.push(like);
        }
    }
}

fn check(amounts: &Amounts) -> Result<()> {
    let Amounts {
        users,
        posts,
        comments,
        likes,
    } = *amounts;
    let possible = u64::from(users) * u64::from(posts);
    let wrong = if posts > 0 && users == 0 {
        "posts need users".to_owned()
    } else if (comments > 0 || likes > 0) && posts == 0 {
        "comments and likes need posts".to_owned()
    } else if u64::from(likes) > possible / 2 {
        // Beyond half of what is possible, looking for one that is not there yet takes ever longer.
        format!("likes: {likes} is more than half of users × posts ({possible})")
    } else {
        return Ok(());
    };
    Err(Error::new(format!("data: {wrong}")))
}

/// Zipf's law over `count` ranks; `None` over none.
fn ranks(count: u32) -> Option<Zipf<f64>> {
    Zipf::new(f64::from(count), 1.0).ok()
}

/// A rank from 0.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it lies in 1..=count"
)]
fn rank(ranks: &Zipf<f64>, chance: &mut StdRng) -> u32 {
    ranks.sample(chance) as u32 - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMOUNTS: Amounts = Amounts {
        users: 200,
        posts: 100,
        comments: 2_000,
        likes: 2_000,
    };

    #[test]
    fn the_same_number_makes_the_same_plan_and_another_another() {
        let plan = Plan::new(&AMOUNTS, 7).unwrap();
        assert_eq!(plan, Plan::new(&AMOUNTS, 7).unwrap());
        assert_ne!(plan, Plan::new(&AMOUNTS, 8).unwrap());
    }

    #[test]
    fn counts_are_those_of_the_rows_and_no_like_is_given_twice() {
        let plan = Plan::new(&AMOUNTS, 7).unwrap();
        assert_eq!(
            (plan.authors.len(), plan.comments.len(), plan.likes.len()),
            (100, 2_000, 2_000)
        );
        let likes: HashSet<_> = plan.likes.iter().collect();
        assert_eq!(likes.len(), 2_000);
        for post in 0..100 {
            let count = |rows: &[(u32, u32)]| rows.iter().filter(|(of, _)| *of == post).count() as u32;
            assert_eq!(plan.likes_of[post as usize], count(&plan.likes));
            assert_eq!(plan.comments_of[post as usize], count(&plan.comments));
        }
    }

    #[test]
    fn the_most_popular_post_is_commented_most() {
        let plan = Plan::new(&AMOUNTS, 7).unwrap();
        let comments = |place: usize| plan.comments_of[plan.by_popularity[place] as usize];
        // By Zipf's law over 100 posts the first has 19 % of all, the hundredth 0.2 %.
        assert!((300..480).contains(&comments(0)), "{}", comments(0));
        assert!(comments(99) < 30, "{}", comments(99));
    }

    #[test]
    fn amounts_that_cannot_be_had_are_named() {
        let refused = |amounts| Plan::new(&amounts, 1).unwrap_err().to_string();
        let posts_alone = Amounts {
            posts: 1,
            ..Amounts::default()
        };
        assert!(refused(posts_alone).contains("posts need users"));
        let too_many = Amounts {
            likes: 60,
            users: 10,
            posts: 10,
            comments: 0,
        };
        assert!(refused(too_many).contains("likes: 60"));
        assert!(
            Plan::new(
                &Amounts {
                    users: 3,
                    ..Amounts::default()
                },
                1
            )
            .unwrap()
            .authors
            .is_empty()
        );
    }
}
