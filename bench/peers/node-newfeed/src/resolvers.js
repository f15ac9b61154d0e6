// GraphQL over the rows.

import { decodeCursor, encodeCursor } from "./posts.js";

const DEFAULT_PAGE = 20;
const MAX_PAGE = 100;

const refused = (code, field, message) => ({ success: false, message, code, field, posts: [], pageInfo: { hasNextPage: false } });

export const resolvers = {
  Query: {
    async getPosts(_, { input }, { feed }) {
      const limit = input?.limit ?? DEFAULT_PAGE;
      if (limit < 1 || limit > MAX_PAGE) return refused("VALIDATION_FAILED", "limit", `limit must be from 1 to ${MAX_PAGE}`);
      const cursor = input?.cursor ?? null;
      const before = cursor === null ? null : decodeCursor(cursor);
      if (cursor !== null && before === null) return refused("INVALID_CURSOR", "cursor", "This cursor was not made by this list");
      // One more than wanted tells whether a page follows.
      const rows = await feed(before, limit + 1);
      const posts = rows.slice(0, limit);
      const endCursor = posts.length > 0 ? encodeCursor(posts.at(-1).id) : null;
      return { success: true, posts, pageInfo: { hasNextPage: rows.length > limit, endCursor } };
    },
  },
  Post: {
    postType: (post) => post.post_type,
    mediaUrls: (post) => post.media_urls,
    author: async (post, _, { authors }) =>
      (await authors.load(post.author_id)) ?? { id: post.author_id, username: post.author_name, full_name: post.author_name },
    likeCount: (post) => post.like_count,
    likedByMe: (post, _, { likes }) => likes.load(post.id),
    commentCount: (post) => post.comment_count,
    createdAt: (post) => post.created_at,
    updatedAt: (post) => post.updated_at,
  },
  User: {
    fullName: (user) => user.full_name,
    avatarUrl: (user) => user.avatar_url,
  },
};
