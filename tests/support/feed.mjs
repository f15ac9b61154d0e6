// Posts and comments as tests write and read them.

const POST = "id content postType mediaUrls author { id username fullName avatarUrl } likeCount likedByMe commentCount createdAt updatedAt";
const COMMENT = "id postId content author { id username avatarUrl } createdAt updatedAt";
const PAYLOAD = "success message code field";

export const createPostQuery = `mutation ($input: CreatePostInput!) { createPost(input: $input) { ${PAYLOAD} post { ${POST} } } }`;
export const updatePostQuery = `mutation ($id: ID!, $input: UpdatePostInput!) { updatePost(id: $id, input: $input) { ${PAYLOAD} post { ${POST} } } }`;
export const deletePostQuery = `mutation ($id: ID!) { deletePost(id: $id) { ${PAYLOAD} } }`;
export const likePostQuery = `mutation ($id: ID!) { likePost(id: $id) { ${PAYLOAD} post { ${POST} } } }`;
export const unlikePostQuery = `mutation ($id: ID!) { unlikePost(id: $id) { ${PAYLOAD} post { ${POST} } } }`;
export const getPostQuery = `query ($id: ID!) { getPost(id: $id) { ${PAYLOAD} post { ${POST} } } }`;
export const getPostsQuery = `query ($input: GetPostsInput) { getPosts(input: $input) { ${PAYLOAD} posts { ${POST} } pageInfo { hasNextPage endCursor } } }`;
export const createCommentQuery = `mutation ($input: CreateCommentInput!) { createComment(input: $input) { ${PAYLOAD} comment { ${COMMENT} } } }`;
export const updateCommentQuery = `mutation ($id: ID!, $input: UpdateCommentInput!) { updateComment(id: $id, input: $input) { ${PAYLOAD} comment { ${COMMENT} } } }`;
export const deleteCommentQuery = `mutation ($id: ID!) { deleteComment(id: $id) { ${PAYLOAD} } }`;
export const getCommentsQuery = `query ($postId: ID!, $limit: Int, $cursor: String) { getComments(postId: $postId, limit: $limit, cursor: $cursor) { ${PAYLOAD} comments { ${COMMENT} } pageInfo { hasNextPage endCursor } } }`;

export const createPost = async (session, content = "Hello World") =>
  (await session.succeed(createPostQuery, { input: { content } })).post;

export const createComment = async (session, postId, content = "Great post!") =>
  (await session.succeed(createCommentQuery, { input: { postId, content } })).comment;

export const getPost = async (session, id) => (await session.succeed(getPostQuery, { id })).post;

export const commentsOf = async (session, postId) => (await session.succeed(getCommentsQuery, { postId })).comments;
